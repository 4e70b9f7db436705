/// <reference lib="webworker" />
// The phone's shell, kept for days without a signal. It answers pages and files of this build from its own copy and
// never touches /v1/ (the record goes through the core) nor /console/ (another app).
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'

declare const self: ServiceWorkerGlobalScope

cleanupOutdatedCaches()
precacheAndRoute(self.__WB_MANIFEST)

const elsewhere = [/^\/v1\//, /^\/console(\/|$)/]
registerRoute(new NavigationRoute(createHandlerBoundToURL('/index.html'), { denylist: elsewhere }))

// The page asks for it after the person said so; until then the build that he works in stays.
self.addEventListener('message', (event) => {
  if ((event.data as { type?: string }).type === 'SKIP_WAITING') void self.skipWaiting()
})
