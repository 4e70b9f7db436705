// The worker's end of the core: opens the database and the Rust core, and does what the page asks.

import { type Call, type FromWorker, type Method, WRITES } from './calls'
import { type Fault, fault, faultOf } from './faults'
import type { SyncReport } from './generated'
import { line } from './line'
import { shrink } from './picture'
import { Shelf } from './shelf'
import { unsentName } from './unsent'
import init, { type InitOutput, Phone } from './wasm/core.js'
import address from './wasm/core_bg.wasm?url'

const DATABASE = 'zhibu'
/** Windows of one browser tell each other that something changed. */
const windows = new BroadcastChannel('zhibu-changed')

interface Opened {
  shelf: Shelf
  phone: Phone
  memory: WebAssembly.Memory
}

let opened: Opened | null = null
/** This window should be the writer, but the store took no writing when it was claimed. */
let isOwed = false
let syncing: Promise<SyncReport> | null = null
let uploading: Promise<void> | null = null

function tell(message: FromWorker): void {
  postMessage(message)
}

/** Compiled while it arrives. Kept by the service worker, so that only a first visit can fail to get it. */
async function load(): Promise<InitOutput> {
  try {
    return await init({ module_or_path: address })
  } catch (error) {
    throw fault(error instanceof WebAssembly.CompileError ? 'unsupported' : 'offline', String(error))
  }
}

async function start(): Promise<void> {
  if (!isSecureContext) throw fault('insecure')
  const isEnough = typeof WebAssembly !== 'undefined' && typeof indexedDB !== 'undefined' && globalThis.crypto?.subtle !== undefined
  if (!isEnough) throw fault('unsupported')
  const leave = () => tell({ notice: 'gone', why: 'the database was taken away' })
  const [shelf, core] = await Promise.all([Shelf.open(DATABASE, leave), load()])
  opened = { shelf, phone: new Phone(shelf, line, shelf.keys.device), memory: core.memory }
}

/** Whether it writes for a person, and may fail for it. */
function isDeed(method: Method): boolean {
  return method === 'sync' || method === 'attachPhoto' || (WRITES as readonly string[]).includes(method)
}

/** The record that a deed was done to, where the call says. */
function touched({ method, args }: Call): string[] | null {
  if (method !== 'execute' && method !== 'attachPhoto') return null
  const name = args[0] as string | { id: string }
  return [typeof name === 'string' ? name : name.id]
}

function changed(what: string[] | null): void {
  tell({ notice: 'changed', what })
  windows.postMessage(what)
}

windows.onmessage = ({ data }: MessageEvent<string[] | null>) => {
  opened?.phone.forget()
  tell({ notice: 'changed', what: data })
}

/** One synchronisation at a time; who asks during one gets its outcome. */
function sync({ phone }: Opened): Promise<SyncReport> {
  syncing ??= deliver(phone).finally(() => { syncing = null })
  return syncing
}

/** The text first; the pictures go on by themselves, and the next synchronisation takes up what they could not. */
async function deliver(phone: Phone): Promise<SyncReport> {
  const report = (await phone.sync()) as SyncReport
  if (report.received + report.stored + report.refused + report.rewritten > 0) changed(null)
  uploading ??= phone.upload()
    .then(({ thumbs, photos }: { thumbs: number; photos: number }) => { if (thumbs + photos > 0) changed(null) })
    .catch((why: unknown) => { if (isTrap(why)) tell({ notice: 'gone', why: String(why) }) })
    .finally(() => { uploading = null })
  return report
}

async function answer(call: Call): Promise<unknown> {
  const { method, args } = call
  if (method === 'start') return start()
  if (opened === null) throw fault('restarted')
  const { shelf, phone } = opened
  if (isOwed && isDeed(method)) {
    await shelf.claim()
    isOwed = false
  }
  switch (method) {
    case 'claim':
      // A full phone can still be read: the first deed claims anew, and tells why it cannot.
      isOwed = !(await shelf.claim().then(() => true, () => false))
      return phone.forget()
    case 'release':
      isOwed = false
      shelf.release()
      return phone.forget()
    case 'sync':
      return sync(opened)
    case 'attachPhoto': {
      const [record, original] = args as [unknown, Blob]
      const { photo, thumb } = await shrink(original).catch((why: unknown) => Promise.reject(fault('not_a_photo', String(why))))
      const executed: unknown = await phone.attachPhoto(record, photo, thumb)
      changed(touched(call))
      return executed
    }
    case 'photo': {
      const [record, entry, size] = args
      return new Blob([new Uint8Array(await phone.photo(record, entry, size))])
    }
    case 'exportUnsent':
      return { name: unsentName(await phone.me()), bytes: await phone.unsent() }
    case 'enrol': {
      const [link, name] = args as [string, string]
      const me: unknown = await phone.enrol(link, location.origin, name)
      changed(null)
      return me
    }
    default: {
      const value: unknown = await (phone[method] as (...args: unknown[]) => unknown).apply(phone, args)
      if ((WRITES as readonly string[]).includes(method)) changed(touched(call))
      return value
    }
  }
}

/** A trap has left the instance in the middle of something: nothing of it may be used again. */
function isTrap(error: unknown): boolean {
  return typeof WebAssembly !== 'undefined' && error instanceof WebAssembly.RuntimeError
}

onmessage = async ({ data: call }: MessageEvent<Call>) => {
  const { id } = call
  const memory = () => opened?.memory.buffer.byteLength ?? 0
  try {
    tell({ id, value: await answer(call), memory: memory() })
  } catch (error) {
    if (isTrap(error)) return tell({ notice: 'gone', why: String(error) })
    const why: Fault = faultOf(error)
    tell({ id, fault: why, memory: memory() })
  }
}

// A future that traps is polled by nobody's call: only here is it heard.
onerror = (event) => tell({ notice: 'gone', why: String(event) })
onunhandledrejection = ({ reason }) => { if (isTrap(reason)) tell({ notice: 'gone', why: String(reason) }) }
