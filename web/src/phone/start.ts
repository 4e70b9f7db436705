import { createApp } from 'vue'
import App from './App.vue'
import { begin, seenBefore } from './desk/session'
import { watchForUpdates } from './desk/update'
import { fetchAhead, router } from './router'

/** After the list and the core's own start. */
const AHEAD_MS = 1500

const pause = () => new Promise((resolve) => setTimeout(resolve))

/** Mounts the app over what was seen last, then wakes the core. */
export async function start(): Promise<void> {
  const seen = seenBefore()
  await pause()
  const app = createApp(App).use(router)
  await Promise.all([router.isReady(), seen])
  await pause()
  app.mount('#app')
  void begin()
  watchForUpdates()
  setTimeout(() => void fetchAhead(), AHEAD_MS)
}
