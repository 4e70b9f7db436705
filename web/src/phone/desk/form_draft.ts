// A whole form that becomes a record at its end: kept as one draft until then.

import { nextTick, onBeforeUnmount, onMounted, type Ref, toRaw, watch } from 'vue'
import type { RecordId, RecordKey } from '@/core/api'
import { DraftWriter, readDraft } from '@/phone/keep/drafts'
import { forgetPlace, keepPlace } from '@/phone/keep/views'
import { core, report } from './session'

/** Whether the app was killed after the write of a form, before it could let go of the form. */
export async function isWritten(record: RecordId | RecordKey, slot: string): Promise<boolean> {
  const written = await core().slotHistory(toRaw(record), slot).catch(report)
  return !!written && written.length > 0
}

export function useFormDraft<T extends object>(name: string, path: string, form: Ref<T>) {
  const writer = new DraftWriter<T>(name, report)
  let started = false

  watch(form, (now) => {
    if (!started) return
    const value = JSON.parse(JSON.stringify(now)) as T
    writer.put({ value, base: value, cursor: 0, scroll: scrollY, fieldScroll: 0, at: Date.now() })
    void keepPlace(path)
  }, { deep: true })

  const flush = (): void => void writer.flush()
  onMounted(() => addEventListener('pagehide', flush))
  onBeforeUnmount(() => {
    removeEventListener('pagehide', flush)
    flush()
  })

  return {
    /** Brings back what was being filled in; false where there was nothing. Afterwards changes are kept. */
    async restore(): Promise<boolean> {
      const kept = await readDraft<T>(name).catch(() => undefined)
      if (kept === undefined) return false
      form.value = kept.value
      void keepPlace(path)
      return true
    },
    start: (): void => {
      started = true
    },
    /** Resolves when the form is on the disk as it stands, with the names of what it is about to write. */
    async keep(): Promise<void> {
      await nextTick()
      await writer.flush()
    },
    /** The form is a record now. */
    async drop(): Promise<void> {
      started = false
      await writer.drop()
      await forgetPlace()
    },
  }
}
