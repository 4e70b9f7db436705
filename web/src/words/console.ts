/** The console's words. Chinese is what people read; English stands beside it, key by key, for those who set it. */
import { deskEn, deskZh } from './console/desk.ts'
import { districtEn, districtZh } from './console/district.ts'
import { recordEn, recordZh } from './console/record.ts'
import { termsEn, termsZh } from './console/terms.ts'

const zh = { ...termsZh, ...deskZh, ...recordZh, ...districtZh }
export type ConsoleWords = typeof zh
const en: ConsoleWords = { ...termsEn, ...deskEn, ...recordEn, ...districtEn }

export type Language = 'zh' | 'en'
const KEPT_UNDER = 'zhibu.console.language'

export function chosenLanguage(): Language {
  return globalThis.localStorage?.getItem(KEPT_UNDER) === 'en' ? 'en' : 'zh'
}

/** Takes effect when the page is loaded again, so that no half of a page speaks another language than the rest. */
export function chooseLanguage(language: Language): void {
  localStorage.setItem(KEPT_UNDER, language)
  location.reload()
}

export const t: ConsoleWords = chosenLanguage() === 'en' ? en : zh
