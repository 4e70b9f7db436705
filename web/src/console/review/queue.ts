/**
 * Review words on their way: each waits five seconds before it is sent, so that a slip of the finger can be taken
 * back. Whoever closes the page in between meant it: it is sent at once.
 */
import { reactive } from 'vue'
import { t } from '@/words/console.ts'
import { api, ask, CONSOLE_HEADER } from '../api/client.ts'
import { asApiError } from '../api/error.ts'
import type { ReviewRequest, Status } from '../api/types.ts'

export const UNDO_MS = 5_000

export interface Pending {
  readonly record: string
  readonly title: string
  readonly request: ReviewRequest
  readonly dueAt: number
}

interface Queue {
  pending: Pending[]
  /** The last outcome, for those who listen to a screen reader as for those who look. */
  said: string
  failed: string
  /** When the last one was answered: what the feed tells right after it is no news. */
  sentAt: number
}

export const queue = reactive<Queue>({ pending: [], said: '', failed: '', sentAt: 0 })

/** Who wants to know that a record stands elsewhere now. */
const listeners = new Set<(record: string, status: Status) => void>()
const timers = new Map<string, ReturnType<typeof setTimeout>>()

export function onReviewed(listen: (record: string, status: Status) => void): () => void {
  listeners.add(listen)
  return () => listeners.delete(listen)
}

export function isPending(record: string): boolean {
  return queue.pending.some((one) => one.record === record)
}

export function review(record: string, title: string, request: ReviewRequest): void {
  if (isPending(record)) return
  queue.failed = queue.said = ''
  queue.pending.push({ record, title, request, dueAt: Date.now() + UNDO_MS })
  timers.set(record, setTimeout(() => void send(record), UNDO_MS))
}

/** Takes back the last one, or the one of a record; says which. */
export function takeBack(record?: string): Pending | undefined {
  const pending = record ? queue.pending.find((one) => one.record === record) : queue.pending.at(-1)
  if (!pending) return undefined
  drop(pending.record)
  queue.said = t.review.undone
  return pending
}

function drop(record: string): void {
  clearTimeout(timers.get(record))
  timers.delete(record)
  queue.pending = queue.pending.filter((one) => one.record !== record)
}

async function send(record: string): Promise<void> {
  const pending = queue.pending.find((one) => one.record === record)
  if (!pending) return
  timers.delete(record)
  try {
    const { status } = await ask(() =>
      api.POST('/v1/console/records/{id}/review', { params: { path: { id: record } }, body: pending.request }),
    )
    drop(record)
    queue.sentAt = Date.now()
    queue.said = `${pending.title}：${t.review.done[pending.request.verb] ?? ''}`
    for (const listen of listeners) listen(record, status)
  } catch (thrown) {
    drop(record)
    queue.failed = t.review.failed(pending.title, asApiError(thrown).sentence)
  }
}

/** The page goes away: nobody is left to change his mind. */
export function sendAllNow(): void {
  for (const pending of queue.pending) {
    if (!timers.has(pending.record)) continue
    drop(pending.record)
    void fetch(`/v1/console/records/${pending.record}/review`, {
      method: 'POST',
      keepalive: true,
      headers: { 'content-type': 'application/json', ...CONSOLE_HEADER },
      body: JSON.stringify(pending.request),
    })
  }
}
