// Text size and colours. In localStorage, since they must stand before the first paint; and in the page's database, since
// Chromium writes localStorage down only seconds later, and a phone may be switched off before.

import { ref } from 'vue'
import { read, write } from './database'

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
  remember()
  apply()
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen
  keep('zhibu.theme', chosen)
  remember()
  apply()
}

function remember(): void {
  // As above: a choice that is not kept is made again.
  void write('views', 'looks', { textSize: textSize.value, theme: theme.value }).catch(() => undefined)
}

/** Brings back a choice that localStorage lost. */
export async function recallLooks(): Promise<void> {
  if (kept('zhibu.text') !== null || kept('zhibu.theme') !== null) return
  const looks = await read<{ textSize: TextSize; theme: Theme }>('views', 'looks').catch(() => undefined)
  if (looks === undefined) return
  chooseTextSize(looks.textSize)
  chooseTheme(looks.theme)
}

night.addEventListener('change', apply)
apply()
