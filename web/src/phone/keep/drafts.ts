// Half-typed input. It is written at most AUTOSAVE_MS after a key, so that a killed app opens with the very words,
// and let go once they have become a command.

import { keys, read, remove, write } from './database'

/** The longest that typed words may live in memory only. */
export const AUTOSAVE_MS = 300

/** What was half done in one place. */
export interface Draft<T> {
  value: T
  /** What the record said when the typing began: an edit is the difference to it. */
  base: T
  /** What was on its way into the record when this was kept: the record may say it by now. */
  sent?: T | undefined
  /** Where the cursor was. */
  cursor: number
  /** How far the page and the field were scrolled. */
  scroll: number
  fieldScroll: number
  at: number
}

export const readDraft = <T>(key: string): Promise<Draft<T> | undefined> => read<Draft<T>>('drafts', key)
export const dropDraft = (key: string): Promise<void> => remove('drafts', key)
export const draftKeys = (): Promise<string[]> => keys('drafts')

/** Writes a draft soon, in the order of typing, and tells when it is down. */
export class DraftWriter<T> {
  #next: Draft<T> | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #tail: Promise<void> = Promise.resolve()

  constructor(
    readonly key: string,
    readonly failed: (fault: unknown) => void,
    readonly store: { write(key: string, draft: Draft<T>): Promise<void>; remove(key: string): Promise<void> } = {
      write: (key, draft) => write('drafts', key, draft),
      remove: dropDraft,
    },
  ) {}

  /** Takes the newest state; the write is at most AUTOSAVE_MS away, however fast the typing goes on. */
  put(draft: Draft<T>): void {
    this.#next = draft
    this.#timer ??= setTimeout(() => void this.flush(), AUTOSAVE_MS)
  }

  /** Writes at once what is not written: the page is going away. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const draft = this.#next
    this.#next = null
    if (draft !== null) this.#queue(() => this.store.write(this.key, draft))
    return this.#tail
  }

  /** The words are in the record: nothing of them is a draft any more. */
  drop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#next = null
    this.#queue(() => this.store.remove(this.key))
    return this.#tail
  }

  #queue(work: () => Promise<void>): void {
    this.#tail = this.#tail.then(work).catch(this.failed)
  }
}
