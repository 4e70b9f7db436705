/** The inbox as it stands: conditions, rows, the row under the cursor. Kept while somebody reads a record. */
import { computed, reactive } from 'vue'
import { api, ask } from '../api/client.ts'
import { asApiError, type ApiError } from '../api/error.ts'
import type { ActivityRow, Status } from '../api/types.ts'
import { monthOf } from '../parts/when.ts'
import { doubtsOf, type Doubt } from './doubt.ts'

export interface Conditions {
  org: string
  month: string
  status: Status | ''
  doubt: Doubt | ''
}

const NO_CONDITIONS: Conditions = { org: '', month: '', status: '', doubt: '' }
const PAGE = 100

export const inbox = reactive({
  conditions: { ...NO_CONDITIONS },
  rows: [] as ActivityRow[],
  next: null as string | null,
  loading: false,
  read: false,
  error: null as ApiError | null,
  /** The record under the cursor. */
  current: '',
  moved: false,
})

let asked = 0

export const hasConditions = computed(() => Object.values(inbox.conditions).some(Boolean))
export const position = computed(() => inbox.rows.findIndex((row) => row.record === inbox.current))

export function clearConditions(): void {
  Object.assign(inbox.conditions, NO_CONDITIONS)
}

export async function readInbox(): Promise<void> {
  inbox.next = null
  await readPage(true)
}

export async function readMore(): Promise<void> {
  if (inbox.next && !inbox.loading) await readPage(false)
}

async function readPage(fresh: boolean): Promise<void> {
  const mine = ++asked
  inbox.loading = true
  inbox.error = null
  try {
    const page = await ask(() => api.GET('/v1/console/activities', { params: { query: query() } }))
    // Somebody changed the conditions meanwhile: his newer question will be answered.
    if (mine !== asked) return
    const rows = page.items.filter(fits)
    inbox.rows = ordered(fresh ? rows : [...inbox.rows, ...rows])
    inbox.next = page.next ?? null
    inbox.read = true
    if (fresh) inbox.moved = false
    if (position.value < 0) inbox.current = inbox.rows[0]?.record ?? ''
  } catch (thrown) {
    if (mine === asked) inbox.error = asApiError(thrown)
  } finally {
    if (mine === asked) inbox.loading = false
  }
}

function query() {
  const { org, month, status, doubt } = inbox.conditions
  return {
    limit: PAGE,
    ...(inbox.next ? { after: inbox.next } : {}),
    ...(org ? { org } : {}),
    ...(month ? { year: Number(month.slice(0, 4)) } : {}),
    ...(status ? { status } : {}),
    ...(doubt === 'cards' ? { cards: true } : {}),
  }
}

function fits(row: ActivityRow): boolean {
  const { month, doubt } = inbox.conditions
  const when = row.held_from ?? row.planned_at
  return (!month || (when != null && monthOf(when) === month)) && (!doubt || doubtsOf(row).includes(doubt))
}

/** What was filed or voided has been decided: its doubts are history. */
const isDecided = (row: ActivityRow) => row.status === 'filed' || row.status === 'voided'
const weight = (row: ActivityRow) => (isDecided(row) ? 2 : doubtsOf(row).length ? 0 : row.status === 'submitted' ? 1 : 2)

/** What is in doubt first, then what waits, each in the order in which the server gave it: newest first. */
export function ordered(rows: readonly ActivityRow[]): ActivityRow[] {
  return [...rows].sort((a, b) => weight(a) - weight(b))
}

/** The record `step` places on, if there is one; the cursor goes there. */
export function step(by: number): string | undefined {
  const row = inbox.rows[position.value + by]
  if (row) inbox.current = row.record
  return row?.record
}

/** A row whose record moved is read again in place, so that nothing jumps away under the reader's eyes. */
export function setStatus(record: string, status: Status): void {
  const row = inbox.rows.find((one) => one.record === record)
  if (row) row.status = status
}
