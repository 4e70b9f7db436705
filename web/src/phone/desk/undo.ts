// A tap that can be taken back: nothing is saved for five seconds, then it is. Leaving the page saves at once, and so
// does turning to another app: a phone may end a hidden page without a word.

import { onBeforeUnmount, onMounted, ref } from 'vue'

export const UNDO_MS = 5000

export function useUndo() {
  const text = ref<string | null>(null)
  const undone = ref(false)
  let waiting: (() => Promise<unknown>) | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  function settle(): void {
    clearTimeout(timer)
    const work = waiting
    waiting = null
    text.value = null
    if (work !== null) void work()
  }

  function later(said: string, work: () => Promise<unknown>): void {
    settle()
    undone.value = false
    text.value = said
    waiting = work
    timer = setTimeout(settle, UNDO_MS)
  }

  function undo(): void {
    clearTimeout(timer)
    waiting = null
    text.value = null
    undone.value = true
  }

  const settleWhenHidden = () => {
    if (document.visibilityState === 'hidden') settle()
  }
  onMounted(() => {
    addEventListener('pagehide', settle)
    document.addEventListener('visibilitychange', settleWhenHidden)
  })
  onBeforeUnmount(() => {
    removeEventListener('pagehide', settle)
    document.removeEventListener('visibilitychange', settleWhenHidden)
    settle()
  })

  return { text, undone, later, undo }
}
