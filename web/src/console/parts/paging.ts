/** A list that is read page by page. */
import { reactive } from 'vue'
import { asApiError, type ApiError } from '../api/error.ts'

export interface Paged<Row> {
  rows: Row[]
  next: string | null
  loading: boolean
  read: boolean
  error: ApiError | null
  restart: () => Promise<void>
  more: () => Promise<void>
}

export function paged<Row extends object>(
  ask: (after: string | undefined) => Promise<{ items: Row[]; next?: string | number | null }>,
): Paged<Row> {
  let asked = 0

  async function read(fresh: boolean): Promise<void> {
    const mine = ++asked
    list.loading = true
    list.error = null
    try {
      const page = await ask(fresh ? undefined : (list.next ?? undefined))
      // The question changed meanwhile: only the newest answer counts.
      if (mine !== asked) return
      list.rows = fresh ? page.items : [...list.rows, ...page.items]
      list.next = page.next == null ? null : String(page.next)
      list.read = true
    } catch (thrown) {
      if (mine === asked) list.error = asApiError(thrown)
    } finally {
      if (mine === asked) list.loading = false
    }
  }

  const list: Paged<Row> = reactive({
    rows: [],
    next: null,
    loading: false,
    read: false,
    error: null,
    restart: () => read(true),
    more: () => (list.next && !list.loading ? read(false) : Promise.resolve()),
  }) as Paged<Row>
  return list
}
