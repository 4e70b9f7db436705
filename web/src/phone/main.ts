// The text size stands before anything is painted; the rest comes in pieces, so that no single one holds up a slow phone.
import './keep/preferences'
import '@/design/tokens.css'
import './base.css'

// A page of the build before this one asks for files that are gone. Once round brings the new page; twice would be a loop.
const RELOADED = 'zhibu.reloaded'
addEventListener('vite:preloadError', (event) => {
  if (sessionStorage.getItem(RELOADED) !== null) return
  event.preventDefault()
  sessionStorage.setItem(RELOADED, 'once')
  location.reload()
})

void import('./start').then(({ start }) => start())
