/** The inbox as it stands: conditions, rows, the row under the cursor. Kept while somebody reads a record. */
import { computed, reactive } from 'vue'
import { api, ask } from '../api/client.ts'
import { asApiError, type ApiError } from '../api/error.ts'
import type { ActivityRow, Exception, InboxCounts, Status } from '../api/types.ts'

export interface Conditions {
  org: string
  month: string
  /** `all` is every activity, newest first; anything else is ordered by what is in doubt. */
  status: Status | 'all'
  exception: Exception | ''
  text: string
}

const WAITING: Conditions = { org: '', month: '', status: 'submitted', exception: '', text: '' }
const PAGE = 50

export const inbox = reactive({
  conditions: { ...WAITING },
  rows: [] as ActivityRow[],
  counts: null as InboxCounts | null,
  next: null as string | null,
  loading: false,
  read: false,
  error: null as ApiError | null,
  /** The record under the cursor. */
  current: '',
  moved: false,
})

let asked = 0

export const hasConditions = computed(() => JSON.stringify(inbox.conditions) !== JSON.stringify(WAITING))
export const position = computed(() => inbox.rows.findIndex((row) => row.record === inbox.current))

export function clearConditions(): void {
  Object.assign(inbox.conditions, WAITING)
}

export async function readInbox(): Promise<void> {
  await readPage(true)
}

export async function readMore(): Promise<void> {
  if (inbox.next && !inbox.loading) await readPage(false)
}

async function readPage(fresh: boolean): Promise<void> {
  const mine = ++asked
  inbox.loading = true
  inbox.error = null
  const query = queryOf(inbox.conditions, fresh ? null : inbox.next)
  try {
    const page =
      inbox.conditions.status === 'all'
        ? { counts: null, ...(await ask(() => api.GET('/v1/console/activities', { params: { query } }))) }
        : await ask(() => api.GET('/v1/console/inbox', { params: { query } }))
    // Somebody changed the conditions meanwhile: his newer question will be answered.
    if (mine !== asked) return
    inbox.rows = fresh ? page.items : [...inbox.rows, ...page.items]
    inbox.next = page.next ?? null
    inbox.read = true
    if (fresh) inbox.moved = false
    if (page.counts) inbox.counts = page.counts
    if (position.value < 0) inbox.current = inbox.rows[0]?.record ?? ''
  } catch (thrown) {
    if (mine === asked) inbox.error = asApiError(thrown)
  } finally {
    if (mine === asked) inbox.loading = false
  }
}

export function queryOf(conditions: Conditions, after: string | null) {
  const { org, month, status, exception, text } = conditions
  return {
    limit: PAGE,
    ...(after ? { after } : {}),
    ...(org ? { org } : {}),
    ...(month ? { month } : {}),
    ...(status !== 'all' ? { status } : {}),
    ...(exception ? { exception } : {}),
    ...(text.trim() ? { text: text.trim() } : {}),
  }
}

/** The record `by` places on, if there is one; the cursor goes there. */
export function step(by: number): string | undefined {
  const row = inbox.rows[position.value + by]
  if (row) inbox.current = row.record
  return row?.record
}

/** A row keeps its place with its new status: nothing jumps away under the reader's eyes. */
export function setStatus(record: string, status: Status): void {
  const row = inbox.rows.find((one) => one.record === record)
  if (row) row.status = status
}
