// A whole form that becomes a record at its end: kept as one draft until then.

import { onBeforeUnmount, onMounted, type Ref, watch } from 'vue'
import { DraftWriter, readDraft } from '@/phone/keep/drafts'
import { forgetPlace, keepPlace } from '@/phone/keep/views'
import { report } from './session'

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
      if (kept !== undefined) form.value = kept.value
      return kept !== undefined
    },
    start: (): void => {
      started = true
    },
    /** The form is a record now. */
    async drop(): Promise<void> {
      started = false
      await writer.drop()
      await forgetPlace()
    },
  }
}
