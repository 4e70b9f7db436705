// A new build waits until the person says so. Nothing reloads by itself in the middle of a form.

import { shallowRef } from 'vue'
import { scriptUrl } from '@/core/trusted'

const waiting = shallowRef<ServiceWorker | null>(null)
export const updateReady = waiting

const CHECK_EVERY = 60 * 60_000

export function watchForUpdates(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  if (document.readyState === 'complete') void register()
  else addEventListener('load', () => void register(), { once: true })
}

async function register(): Promise<void> {
  // Without it the app still works, only not from cold without a signal; the self-check says so.
  const registration = await navigator.serviceWorker.register(scriptUrl('/sw.js')).catch(() => null)
  if (registration === null) return
  const look = (): void => {
    // The first one that this browser ever had is no update.
    if (registration.waiting !== null && navigator.serviceWorker.controller !== null) waiting.value = registration.waiting
  }
  look()
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look))
  setInterval(() => void registration.update().catch(() => undefined), CHECK_EVERY)
}

/** Goes over to the new build. Drafts are written when the page hides. */
export function takeUpdate(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
  waiting.value?.postMessage({ type: 'SKIP_WAITING' })
}
