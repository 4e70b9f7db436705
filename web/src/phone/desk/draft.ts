// Typed words on their way: kept as a draft while they are typed, a command when the person leaves the field.

import { nextTick, onBeforeUnmount, onMounted, ref, watch } from 'vue'
import { useRoute } from 'vue-router'
import { phoneWords as w } from '@/words/phone'
import { DraftWriter, readDraft } from '@/phone/keep/drafts'
import { forgetPlace, keepPlace } from '@/phone/keep/views'
import { CoreError } from '@/core/api'
import { saveState } from './acts'
import { report } from './session'

interface Typed {
  /** Names the field among all fields of all records. */
  key: () => string
  /** What the record says. */
  current: () => string
  /** The field on the page, for cursor and scroll. */
  field: () => HTMLInputElement | HTMLTextAreaElement | null
  /** Puts it into the record; false where that failed, and the draft then stays. */
  commit: (before: string, after: string) => Promise<boolean>
}

export function useTyped({ key, current, field, commit }: Typed) {
  const value = ref(current())
  const restored = ref(false)
  let base = current()
  let dirty = false
  const route = useRoute()
  const path = route.fullPath
  const name = key()
  const writer = new DraftWriter<string>(name, () => report(new CoreError('draft', w.notices.draftFailed, true)))

  function typed(text: string): void {
    if (!dirty) base = current()
    dirty = true
    value.value = text
    saveState.value = 'typing'
    writer.put(snapshot())
    void keepPlace(path)
  }

  function snapshot() {
    const at = field()
    return {
      value: value.value, base, cursor: at?.selectionStart ?? value.value.length, scroll: scrollY,
      fieldScroll: at?.scrollTop ?? 0, at: Date.now(),
    }
  }

  /** Cursor and scroll move without a key too. */
  function moved(): void {
    if (dirty) writer.put(snapshot())
  }

  async function leave(): Promise<void> {
    if (!dirty) return
    dirty = false
    const after = value.value
    if (after !== base && !(await commit(base, after))) {
      dirty = true
      await writer.flush()
      return
    }
    if (dirty) return // Typing went on meanwhile.
    base = after
    await writer.drop()
    await forgetPlace()
    if (saveState.value === 'typing') saveState.value = 'idle'
  }

  // The page may be frozen or killed without another word: write now, and make a command of it while there is time.
  function hidden(): void {
    if (document.visibilityState === 'hidden' && dirty) void writer.flush()
  }

  onMounted(async () => {
    document.addEventListener('visibilitychange', hidden)
    addEventListener('pagehide', hidden)
    addEventListener('scroll', moved, { passive: true })
    const draft = await readDraft<string>(name).catch(() => undefined)
    if (draft === undefined || dirty) return
    base = draft.base
    value.value = draft.value
    dirty = true
    restored.value = true
    saveState.value = 'typing'
    await nextTick()
    const at = field()
    at?.focus({ preventScroll: true })
    at?.setSelectionRange(draft.cursor, draft.cursor)
    if (at) at.scrollTop = draft.fieldScroll
    scrollTo(0, draft.scroll)
  })
  onBeforeUnmount(() => {
    document.removeEventListener('visibilitychange', hidden)
    removeEventListener('pagehide', hidden)
    removeEventListener('scroll', moved)
    void leave()
  })
  watch(current, (now) => {
    if (!dirty) value.value = now
  })

  return { value, restored, typed, moved, leave }
}
