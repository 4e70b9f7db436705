// When the phone synchronises by itself: on opening, when a connection comes back, when somebody comes back to the
// window, two seconds after the last save, and every minute while it is looked at.

const AFTER_OPEN_MS = 1000
const AFTER_SAVE_MS = 2000
const EVERY_MS = 60_000

export class Triggers {
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly sync: () => void) {}

  follow(): void {
    addEventListener('online', () => this.soon(0))
    document.addEventListener('visibilitychange', () => this.soon(0))
    this.soon(AFTER_OPEN_MS)
  }

  /** Something was saved. Several saves in a row are one delivery. */
  saved(): void {
    this.soon(AFTER_SAVE_MS)
  }

  /** Sets the one timer there is: the next time is always the one asked for last. */
  private soon(ms: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.soon(EVERY_MS)
      if (document.visibilityState === 'visible' && navigator.onLine) this.sync()
    }, ms)
  }
}
