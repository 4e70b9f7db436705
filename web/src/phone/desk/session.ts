// What every page of the app looks at: who holds the phone, where his work stands, and what just went wrong.

import { computed, ref, shallowRef } from 'vue'
import { openCore } from '@/core'
import { type Core, CoreError, type CoreStatus, type Me, type Writer } from '@/core/api'
import { recallLooks } from '@/phone/keep/preferences'
import { forgetMonths, keepMonths, type MonthLine, seenMonths } from '@/phone/keep/views'
import { isUnsaid } from '@/phone/naming/standing'

let opened: Core | null = null

/** The core, opened at its first use: never before the first paint. */
export function core(): Core {
  opened ??= openCore()
  return opened
}

/** Who holds the phone; `null` before the enrolment, `undefined` while nobody knows. */
export const me = shallowRef<Me | null | undefined>(undefined)
export const months = shallowRef<MonthLine[] | null>(null)
export const status = shallowRef<CoreStatus | null>(null)
export const online = ref(navigator.onLine)
export const syncing = ref(false)
export const writer = ref<Writer>('here')
export const fault = shallowRef<CoreError | null>(null)
export const awake = ref(false)
/** The database was deleted: nothing that a page still shows is saved here any more. */
export const lost = ref(false)

export const isOffline = computed(() => !online.value || status.value?.last_fault?.code === 'offline')

/** Shows what went wrong until somebody closes it. Without a signal nothing went wrong. */
export function report(what: unknown): void {
  const seen = asCoreError(what)
  if (seen.code === 'offline') return
  if (seen.code === 'storage_lost') lost.value = true
  if (seen.code === 'elsewhere') writer.value = 'elsewhere'
  else fault.value = seen
}

export function asCoreError(what: unknown): CoreError {
  return what instanceof CoreError ? what : new CoreError('unknown', '', false, String(what))
}

/** Brings back what was seen last, to be painted before the core is asked. */
export async function seenBefore(): Promise<void> {
  const seen = await seenMonths()
  if (seen === undefined) return
  me.value = seen.me
  months.value = seen.lines
}

/** Asks the core, once the first screen stands. */
export async function begin(): Promise<void> {
  void recallLooks()
  await painted()
  addEventListener('online', () => (online.value = true))
  addEventListener('offline', () => (online.value = false))
  listen(core())
  await wake(RETRIES)
}

/** A core that stumbles at its start is asked again: without it there is only the picture of last time. */
const RETRIES = 5
const RETRY_MS = 1000

async function wake(retries: number): Promise<void> {
  try {
    me.value = await core().me()
    awake.value = true
    if (me.value !== null) await refresh()
  } catch (what) {
    const { code, retryable } = asCoreError(what)
    if (retryable && retries > 0) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      return wake(retries - 1)
    }
    if (code !== 'not_enrolled') report(what)
    if (code === 'not_enrolled' || code === 'storage_lost') await forgotten()
  }
}

/** Nobody holds this phone (any more): what was seen last belongs to no one, and a new link may be opened. */
async function forgotten(): Promise<void> {
  me.value = null
  months.value = null
  await forgetMonths()
}

const told = new Set<string>()

function listen(core: Core): void {
  core.on('changed', () => void refresh())
  core.on('syncing', () => (syncing.value = true))
  core.on('synced', () => {
    syncing.value = false
    void refresh()
  })
  core.on('fault', (what) => {
    syncing.value = false
    // Syncs repeat by themselves; what stops them is said once, and stands on the sheet.
    if (!told.has(what.code)) report(what)
    told.add(what.code)
    void refreshStatus()
  })
  core.on('writer', (now) => (writer.value = now))
}

/** Two frames: the first screen stands before the core takes the processor. */
function painted(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())))
}

export async function refreshStatus(): Promise<void> {
  if (!me.value) return
  const now = await core().status().catch(report)
  if (now) {
    status.value = now
    syncing.value = now.syncing
    writer.value = now.writer
  }
}

async function readMonths(): Promise<MonthLine[]> {
  const lines = await core().listActivities(null, null)
  const waiting = lines.some((line) => line.waiting > 0) ? await core().waiting() : []
  return lines.map((line) => ({ ...line, unsaid: isUnsaid(line.id, line.status, waiting) }))
}

let again: Promise<void> | null = null

/** Reads what the first screen shows. Calls that come while one runs are one more call. */
export function refresh(): Promise<void> {
  again ??= Promise.resolve().then(async () => {
    again = null
    const lines = await readMonths().catch(report)
    if (lines) months.value = lines
    await refreshStatus()
    if (lines && me.value) await keepMonths({ me: me.value, lines })
  })
  return again
}

/** The newly enrolled owner. */
export async function entered(owner: Me): Promise<void> {
  me.value = owner
  awake.value = true
  lost.value = false
  fault.value = null
  await refresh()
}

/** Uploads and reads now; what went wrong is said on the sheet, so it is also handed back. */
export async function syncNow(): Promise<CoreError | null> {
  syncing.value = true
  try {
    await core().sync()
    return null
  } catch (what) {
    report(what)
    return asCoreError(what)
  } finally {
    syncing.value = false
    await refresh()
  }
}
