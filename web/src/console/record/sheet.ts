/** One record as it is open on the desk: read, read again when it moves, and pointed at field by field. */
import { computed, inject, onMounted, provide, reactive, watch, type InjectionKey } from 'vue'
import { t } from '@/words/console.ts'
import { api, ask } from '../api/client.ts'
import { asApiError, type ApiError } from '../api/error.ts'
import type { ActivityRecord, EventRow } from '../api/types.ts'
import { useMoved } from '../shell/feed.ts'

interface Sheet {
  record: ActivityRecord | null
  error: ApiError | null
  loading: boolean
  /** The slot whose history is shown. */
  history: string
  /** The slot that is about to be returned; empty is the whole record, null is none. */
  returning: string | null
}

export type OpenSheet = Sheet & { read: () => Promise<void> }
const KEY: InjectionKey<OpenSheet> = Symbol('sheet')

export function openSheet(id: () => string): OpenSheet {
  const sheet: OpenSheet = reactive({
    record: null as ActivityRecord | null,
    error: null as ApiError | null,
    loading: false,
    history: '',
    returning: null as string | null,
    read,
  })
  let asked = 0

  async function read(): Promise<void> {
    const mine = ++asked
    sheet.loading = true
    sheet.error = null
    try {
      const record = await ask(() => api.GET('/v1/console/records/{id}', { params: { path: { id: id() } } }))
      if (mine !== asked) return
      sheet.record = record
    } catch (thrown) {
      if (mine === asked) sheet.error = asApiError(thrown)
    } finally {
      if (mine === asked) sheet.loading = false
    }
  }

  onMounted(read)
  watch(id, () => {
    Object.assign(sheet, { record: null, history: '', returning: null })
    void read()
  })
  useMoved((moved) => {
    if (moved.org === sheet.record?.org) void read()
  })
  provide(KEY, sheet)
  return sheet
}

export function useSheet(): OpenSheet & { record: ActivityRecord } {
  const sheet = inject(KEY)
  if (!sheet?.record) throw new Error('no record is open here')
  return sheet as OpenSheet & { record: ActivityRecord }
}

/** The events that nobody has superseded: those that say where the record stands. */
export function standing(events: readonly EventRow[]): EventRow[] {
  const superseded = new Set(events.flatMap((event) => event.supersedes))
  return events.filter((event) => !superseded.has(event.event))
}

/** What was said about a slot and still stands there. */
export function useComments(slot: () => string) {
  const sheet = useSheet()
  return computed(() =>
    standing(sheet.record.events).filter((event) => event.comment && event.slot && covers(event.slot, slot())),
  )
}

function covers(said: string, slot: string): boolean {
  return said === slot || said.startsWith(`${slot}.`)
}

export function titleOf(record: ActivityRecord): string {
  const title = record.about['title']
  return typeof title === 'string' && title ? title : t.inbox.untitled
}
