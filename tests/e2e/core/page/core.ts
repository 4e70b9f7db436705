// The core alone on a page, for tests to ask.
import { type Core, CoreError, openCore } from '@/core'

declare global {
  interface Window {
    core: Core
    /** What was asked, as data that a test can read: its answer, or the failure's word. */
    tried: <T>(asked: Promise<T>) => Promise<{ value: T } | { code: string; plain: string; retryable: boolean }>
    heard: [string, unknown][]
    workers: Worker[]
  }
}

// The real workers, and a hand on each of them: a test ends one as the browser would.
window.workers = []
const RealWorker = Worker
window.Worker = class extends RealWorker {
  constructor(...words: ConstructorParameters<typeof Worker>) {
    super(...words)
    window.workers.push(this)
  }
}

window.core = openCore()
window.tried = (asked) => asked.then(
  (value) => ({ value }),
  (error: unknown) => {
    if (!(error instanceof CoreError)) throw error
    return { code: error.code, plain: error.plain, retryable: error.retryable }
  },
)
window.heard = []
for (const event of ['changed', 'syncing', 'synced', 'fault', 'writer'] as const) {
  window.core.on(event, (what) => window.heard.push([event, what instanceof CoreError ? what.code : what]))
}
