// Failures that only a browser knows, in the words of the person who holds the phone.

import { CoreError, type CoreErrorName } from './api'

/** A failure as it crosses between the worker and the page. */
export interface Fault {
  code: string
  plain: string
  retryable: boolean
  detail: string
  /** When to try again, where the server asked to wait. */
  waitMs?: number
}

const PLAIN: Partial<Record<CoreErrorName, string>> = {
  offline: '现在没有信号，软件还没有装完。请到有信号的地方再打开一次。',
  elsewhere: '已在另一个窗口打开，请到那个窗口填写，或在这里继续。',
  storage_full: '本机空间不够，没有保存。请清理手机空间后再试一次。',
  storage_lost: '本机数据已被系统清理，没有上传的内容可能已经丢失。请向乡镇党建办要新的邀请链接，重新登记后会取回已上传的内容。',
  insecure: '这个地址不安全，浏览器不让保存内容。请用 https 开头的地址打开。',
  unsupported: '这个浏览器太旧，不能用。请更新浏览器，或换一个浏览器打开。',
  not_a_photo: '这张图片打不开，请换一张照片，或重新拍一张。',
  too_old: '本机软件太旧，请刷新页面更新。内容都在本机。',
  restarted: '软件刚刚重新启动，已保存的内容都在。请看一眼刚才那一步，没有保存就再点一次。',
  store: '本机存储打不开。请关掉其他窗口再试，不要清除本软件的数据。',
}

const RETRYABLE: ReadonlySet<CoreErrorName> = new Set(['offline', 'restarted', 'store'])

/** A failure of this name. */
export function fault(code: CoreErrorName, detail = ''): Fault {
  return { code, plain: PLAIN[code] ?? '出了点问题，请稍后再试。内容都在本机。', retryable: RETRYABLE.has(code), detail }
}

/** What was thrown, as a failure: the Rust side throws them whole, the browser in its own names. */
export function faultOf(error: unknown): Fault {
  if (typeof error === 'object' && error !== null && 'plain' in error) return error as Fault
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) }
  if (name === 'QuotaExceededError') return fault('storage_full', message)
  if (name === 'VersionError') return fault('too_old', message)
  return fault('store', `${name}: ${message}`)
}

/** As the screens meet it. */
export function coreError({ code, plain, retryable, detail, waitMs }: Fault): CoreError {
  return new CoreError(code, plain, retryable, detail, waitMs)
}
