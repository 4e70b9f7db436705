// Doing something to a record, and saying truthfully what became of it.

import { ref } from 'vue'
import type { Command, Executed, RecordId, RecordKey } from '@/core/api'
import { phoneWords as w } from '@/words/phone'
import { core, report } from './session'

export type SaveState = 'idle' | 'typing' | 'saving' | 'saved' | 'failed'

/** What the save line of the page says; one page is open at a time. */
export const saveState = ref<SaveState>('idle')
export const saveHint = ref('')

let running = 0
let tail: Promise<unknown> = Promise.resolve()

/** Saves a command durably, in the order of asking. `null` where it failed: that has been reported. */
export function act(record: RecordId | RecordKey, command: Command): Promise<Executed | null> {
  running += 1
  saveState.value = 'saving'
  const done = tail.then(async () => {
    try {
      const executed = await core().execute(plain(record), plain(command))
      saveHint.value = executed.hint ?? ''
      return executed
    } catch (what) {
      saveState.value = 'failed'
      saveHint.value = ''
      report(what)
      return null
    } finally {
      ended()
    }
  })
  tail = done
  return done
}

/** What belongs to a saving beside its command: "saved" is not said before this has ended too. */
export async function saving(work: () => Promise<void>): Promise<void> {
  running += 1
  await work().finally(ended)
}

function ended(): void {
  running -= 1
  if (running === 0 && saveState.value === 'saving') saveState.value = 'saved'
}

/** Without Vue's proxies, which no worker can be sent. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

export function clearSaveState(): void {
  saveState.value = running > 0 ? 'saving' : 'idle'
  saveHint.value = ''
}

export function saveWords(state: SaveState, hint: string): string {
  switch (state) {
    case 'idle': return ''
    case 'typing': return w.truth.typing
    case 'saving': return w.truth.saving
    case 'failed': return w.truth.notSaved
    case 'saved': return hint === '' ? w.truth.savedHere : w.truth.foreseen(hint)
  }
}
