// The way in, as everybody goes it once: link, text size, one button, first synchronisation.
import type { Phone } from './phone.ts'
import type { Account, Server } from './server.ts'

/** What the demo district calls the activity that every story is about. */
export const PLANNED = '2026年11月主题党日'

export type TextSize = '标准' | '大字' | '特大'

/** By the invite of somebody whom the demo district knows. */
export async function enrol(phone: Phone, server: Server, account: Account, size: TextSize = '标准'): Promise<void> {
  await enrolBy(phone, server.invite(account), size)
}

/** Ends on the list of months, with everything kept for days without signal. */
export async function enrolBy(phone: Phone, link: string, size: TextSize = '标准'): Promise<void> {
  await phone.open(link)
  await phone.tap(size)
  await phone.tap('开始使用')
  await phone.tap('进入支部簿')
  await phone.find('heading', '活动').waitFor()
  await phone.kept()
}

export type Step = '计划' | '到会' | '记录' | '决议' | '后续' | '照片' | '提交'

/** Opens the activity of the story from the list, at one of its parts. */
export async function openPlanned(phone: Phone, step?: Step): Promise<void> {
  await phone.page.getByRole('link', { name: PLANNED }).first().tap()
  if (step !== undefined) await goTo(phone, step)
}

/** Goes to another part of the activity that is open. */
export async function goTo(phone: Phone, step: Step): Promise<void> {
  await phone.page.getByRole('navigation', { name: '这次活动的各部分' }).getByRole('link', { name: new RegExp(`^${step}`) }).tap()
}

/** Opens the app at an address, in the window that is open. */
export async function visit(phone: Phone, path: string): Promise<void> {
  await phone.page.goto(new URL(path, phone.origin()).href, { waitUntil: 'domcontentloaded' })
}

/** Uploads and reads now, from the sheet that lists what waits; resolves when the server has answered and it says so. */
export async function syncNow(phone: Phone): Promise<void> {
  await visit(phone, '/outbox')
  const button = phone.find('button', '立即上传')
  await button.waitFor()
  const answered = phone.running.waitForEvent('response', (response) => response.url().endsWith('/v1/sync'))
  await button.tap()
  await answered
  await button.and(phone.page.locator('[aria-busy=false]')).waitFor()
}
