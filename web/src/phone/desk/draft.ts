// Typed words on their way: kept as a draft while they are typed, a command when the person leaves the field.

import { nextTick, onBeforeUnmount, onMounted, ref, watch } from 'vue'
import { useRoute } from 'vue-router'
import { phoneWords as w } from '@/words/phone'
import { DraftWriter, readDraft } from '@/phone/keep/drafts'
import { forgetPlace, keepPlace } from '@/phone/keep/views'
import { CoreError } from '@/core/api'
import { saveState, saving } from './acts'
import { report } from './session'

interface Typed {
  /** Names the field among all fields of all records. */
  key: () => string
  /** What the record says. */
  current: () => string
  /** The field on the page, for cursor and scroll. */
  field: () => HTMLInputElement | HTMLTextAreaElement | null
  /** Nobody may write here, or nobody any more: then nothing is committed, and what was typed stays a draft. */
  readonly: () => boolean
  /** Puts it into the record; false where that failed, and the draft then stays. */
  commit: (before: string, after: string) => Promise<boolean>
}

/** What fields are saving, by their names: a step that was left and opened again at once has the same field anew. */
const leavings = new Map<string, Promise<void>>()

export function useTyped({ key, current, field, readonly, commit }: Typed) {
  const value = ref(current())
  const restored = ref(false)
  let base = current()
  /** What is on its way into the record: once it is there, further typing stands upon it. */
  let sent: string | undefined
  let unsaved = 0
  /** Words stand in the field that are not in the record. */
  const dirty = ref(false)
  const route = useRoute()
  const path = route.fullPath
  const name = key()
  const writer = new DraftWriter<string>(name, () => report(new CoreError('draft', w.notices.draftFailed, true)))

  function typed(text: string): void {
    if (!dirty.value && unsaved === 0) base = current()
    dirty.value = true
    value.value = text
    saveState.value = 'typing'
    writer.put(snapshot())
    void keepPlace(path)
  }

  function snapshot() {
    const at = field()
    return {
      value: value.value, base, sent, cursor: at?.selectionStart ?? value.value.length, scroll: scrollY,
      fieldScroll: at?.scrollTop ?? 0, at: Date.now(),
    }
  }

  /** Cursor and scroll move without a key too. */
  function moved(): void {
    if (dirty.value) writer.put(snapshot())
  }

  function leave(): void {
    if (!dirty.value || readonly()) return
    dirty.value = false
    const after = value.value
    unsaved += 1
    // One after the other: what was typed while the last words were being saved is an edit of those.
    const before = leavings.get(name)
    const leaving = saving(async () => {
      await before
      await save(after)
    }).finally(() => {
      unsaved -= 1
      if (leavings.get(name) === leaving) leavings.delete(name)
    })
    leavings.set(name, leaving)
  }

  async function save(after: string): Promise<void> {
    if (after !== base) {
      sent = after
      // Killed before the draft is let go, the phone must not open at older words than those that were saved.
      writer.put(snapshot())
      await writer.flush()
      const saved = await commit(base, after)
      sent = undefined
      if (!saved) {
        dirty.value = true
        writer.put(snapshot())
        return writer.flush()
      }
      base = after
    }
    const wroteOn = (): boolean => dirty.value || unsaved > 1
    if (wroteOn()) return writer.put(snapshot())
    await letGo()
    if (wroteOn()) return
    value.value = current()
    if (saveState.value === 'typing') saveState.value = 'idle'
  }

  async function letGo(): Promise<void> {
    await writer.drop()
    if (!dirty.value) await forgetPlace()
  }

  /** The person does not want the words that stand beside a field that is shut. */
  async function forget(): Promise<void> {
    dirty.value = false
    value.value = current()
    await letGo()
  }

  // The page may be frozen or killed without another word: write now, and make a command of it while there is time.
  function hidden(): void {
    if (document.visibilityState === 'hidden' && dirty.value) void writer.flush()
  }

  onMounted(async () => {
    document.addEventListener('visibilitychange', hidden)
    addEventListener('pagehide', hidden)
    addEventListener('scroll', moved, { passive: true })
    await leavings.get(name)
    const draft = await readDraft<string>(name).catch(() => undefined)
    if (draft === undefined || dirty.value) return
    if (draft.value === current()) return letGo()
    base = draft.sent === current() ? draft.sent : draft.base
    value.value = draft.value
    dirty.value = true
    void keepPlace(path)
    if (!readonly()) {
      restored.value = true
      saveState.value = 'typing'
    }
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
    leave()
  })
  watch(current, (now) => {
    if (!dirty.value) value.value = now
  })
  watch(readonly, (shut) => {
    if (shut && saveState.value === 'typing') saveState.value = 'idle'
  })

  return { value, dirty, restored, typed, moved, leave, forget }
}
