// Which window writes: the one that somebody looks at. It takes the lock from whichever window had it; that one learns
// so, and even if it does not (frozen in the background), the number in the database fences it out.

import type { Writer } from './api'

const LOCK = 'zhibu-writer'

export class Leadership {
  writer: Writer = 'elsewhere'
  private taking: Promise<void> | null = null

  /** `become` hears each change, and the window has changed once it is done. */
  constructor(private readonly become: (writer: Writer) => Promise<void>) {}

  /** Takes the lock now, and again each time that somebody comes back to this window. */
  follow(): void {
    const look = () => {
      // Who reports a failure is the next call.
      if (document.visibilityState === 'visible') this.take().catch(() => undefined)
    }
    document.addEventListener('visibilitychange', look)
    look()
  }

  /** Becomes the writer. */
  take(): Promise<void> {
    if (this.writer === 'here') return Promise.resolve()
    this.taking ??= this.steal().finally(() => { this.taking = null })
    return this.taking
  }

  /** Another window was found to write, though nobody said so. */
  async lose(): Promise<void> {
    if (this.writer === 'elsewhere') return
    this.writer = 'elsewhere'
    await this.become('elsewhere')
  }

  private steal(): Promise<void> {
    // Without locks the number in the database is the only fence, and it suffices.
    if (navigator.locks === undefined) return this.win()
    return new Promise((resolve, reject) => {
      const held = navigator.locks.request(LOCK, { steal: true }, () => {
        this.win().then(resolve, reject)
        return new Promise<never>(() => undefined)
      })
      // It ends only when another window steals it, or cannot be had at all.
      held.catch(() => { this.lose().then(resolve, reject) })
    })
  }

  private async win(): Promise<void> {
    this.writer = 'here'
    await this.become('here')
  }
}
