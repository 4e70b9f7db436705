// Text size and colours. In localStorage, since they must stand before the first paint.

import { ref } from 'vue'

export const TEXT_SIZES = [1, 1.25, 1.5] as const
export type TextSize = (typeof TEXT_SIZES)[number]
export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null // A browser with storage switched off still shows the page, in the standard size.
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // As above: the choice then lasts until the page is closed.
  }
}

const size = Number(kept('zhibu.text'))
export const textSize = ref<TextSize>(TEXT_SIZES.find((known) => known === size) ?? 1)
export const theme = ref<Theme>(THEMES.find((known) => known === kept('zhibu.theme')) ?? 'system')

const night = matchMedia('(prefers-color-scheme: dark)')

function apply(): void {
  const root = document.documentElement
  root.style.setProperty('--fs', String(textSize.value))
  const dark = theme.value === 'dark' || (theme.value === 'system' && night.matches)
  root.dataset['theme'] = dark ? 'dark' : 'light'
  document.querySelector('meta[name=theme-color]')?.setAttribute('content', dark ? '#131211' : '#b3261e')
}

export function chooseTextSize(chosen: TextSize): void {
  textSize.value = chosen
  keep('zhibu.text', String(chosen))
  apply()
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen
  keep('zhibu.theme', chosen)
  apply()
}

night.addEventListener('change', apply)
apply()
