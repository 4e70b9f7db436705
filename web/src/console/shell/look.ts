/** Theme and text size, kept on this computer. They are of the eyes, not of the account. */
import { reactive, watchEffect } from 'vue'

export type Theme = 'auto' | 'light' | 'dark'
export const TEXT_SIZES = ['1', '1.25', '1.5'] as const

const THEME = 'zhibu.console.theme'
const SIZE = 'zhibu.console.text-size'

export const look = reactive({ theme: keptTheme(), size: keptSize() })

function keptTheme(): Theme {
  const kept = localStorage.getItem(THEME)
  return kept === 'light' || kept === 'dark' ? kept : 'auto'
}

function keptSize(): string {
  const kept = localStorage.getItem(SIZE) ?? '1'
  return (TEXT_SIZES as readonly string[]).includes(kept) ? kept : '1'
}

export function applyLook(): void {
  const root = document.documentElement
  const systemIsDark = matchMedia('(prefers-color-scheme: dark)')
  const paint = () => {
    const dark = look.theme === 'dark' || (look.theme === 'auto' && systemIsDark.matches)
    root.dataset['theme'] = dark ? 'dark' : 'light'
    root.style.setProperty('--fs', look.size)
  }
  systemIsDark.addEventListener('change', paint)
  watchEffect(() => {
    localStorage.setItem(THEME, look.theme)
    localStorage.setItem(SIZE, look.size)
    paint()
  })
}
