import './keep/preferences'
import '@/design/tokens.css'
import './base.css'
import { createApp } from 'vue'
import App from './App.vue'
import { begin } from './desk/session'
import { watchForUpdates } from './desk/update'
import { router } from './router'

// A page of the build before this one asks for files that are gone. Once round brings the new page; twice would be a loop.
const RELOADED = 'zhibu.reloaded'
addEventListener('vite:preloadError', (event) => {
  if (sessionStorage.getItem(RELOADED) !== null) return
  event.preventDefault()
  sessionStorage.setItem(RELOADED, 'once')
  location.reload()
})

createApp(App).use(router).mount('#app')
void begin()
watchForUpdates()
