// When the phone synchronises by itself: on opening, when a connection comes back, when somebody comes back to the
// window, two seconds after the last save, and every minute while it is looked at. Where a server was too busy: not
// before the time that it asked for.

const AFTER_OPEN_MS = 1000
const AFTER_SAVE_MS = 2000
const EVERY_MS = 60_000
/** A whole valley comes back into signal at one moment. */
const ONLINE_WITHIN_MS = 3000

export class Triggers {
  private timer: ReturnType<typeof setTimeout> | undefined
  private notBefore = 0

  constructor(private readonly sync: () => void) {}

  follow(): void {
    addEventListener('online', () => this.soon(Math.random() * ONLINE_WITHIN_MS))
    document.addEventListener('visibilitychange', () => this.soon(0))
    this.soon(AFTER_OPEN_MS)
  }

  /** Something was saved. Several saves in a row are one delivery. */
  saved(): void {
    this.soon(AFTER_SAVE_MS)
  }

  /** The server asked to wait: the next time is then, whatever happens meanwhile. */
  wait(ms: number): void {
    this.notBefore = Date.now() + ms
    this.soon(ms)
  }

  /** Sets the one timer there is: the next time is always the one asked for last, and never too early. */
  private soon(ms: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.soon(EVERY_MS)
      if (document.visibilityState === 'visible' && navigator.onLine) this.sync()
    }, Math.max(ms, this.notBefore - Date.now()))
  }
}
