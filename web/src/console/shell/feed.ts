/** The server's feed: says that something moved, never what. Whoever shows it reads it again. */
import { onBeforeUnmount, reactive } from 'vue'
import { session } from '../session/session.ts'

export interface Moved {
  org: string
  year: number
  position: number
}

export const feed = reactive({ live: false })

const listeners = new Set<(moved: Moved) => void>()
let source: EventSource | null = null

/** Connects for as long as the page stands. The browser connects again by itself; after an answer that forbids it, we do. */
export function followFeed(): void {
  if (source) return
  source = new EventSource('/v1/events')
  source.addEventListener('open', () => (feed.live = true))
  source.addEventListener('message', (event: MessageEvent<string>) => {
    const moved = JSON.parse(event.data) as Moved
    for (const listen of listeners) listen(moved)
  })
  source.addEventListener('error', () => {
    feed.live = false
    if (source?.readyState !== EventSource.CLOSED) return
    source = null
    // Ended session, restarting server: ask again after a while, unless nobody is signed in.
    setTimeout(() => session.stage === 'open' && followFeed(), 15_000)
  })
}

/** While the component stands, and in one go for many at once: a sync of one phone moves several collections. */
export function useMoved(listen: (moved: Moved) => void): void {
  listeners.add(listen)
  onBeforeUnmount(() => listeners.delete(listen))
}
