// What a new activity most likely is, so that a monthly meeting needs no typing to begin.

import type { ActivityLine, BookSheet } from '@/core/api'
import { phoneWords as w } from '@/words/phone'
import { civil, monthKey } from './time'

/** The day of the month that the book fixes for a monthly activity, if it fixes one. */
export function fixedDay(book: BookSheet | null): number | null {
  return book?.kinds.find((kind) => kind.frequency?.period === 'month' && kind.frequency.fixed_day !== null)?.frequency?.fixed_day ?? null
}

/** The branch's monthly activity that this month does not have yet. */
export function likelyKind(book: BookSheet | null, held: readonly ActivityLine[], now = Date.now()): string | null {
  const monthly = (book?.kinds ?? []).filter((kind) => kind.frequency?.period === 'month' && !kind.is_tag && kind.levels.includes('branch'))
  const thisMonth = held.filter((line) => line.when !== null && monthKey(line.when) === monthKey(now))
  const missing = monthly.filter((kind) => !thisMonth.some((line) => line.kinds.includes(kind.code)))
  return (missing.find((kind) => kind.code === 'theme_day') ?? missing.find((kind) => kind.min_full_members === null))?.code ?? null
}

export function titleOf(book: BookSheet | null, kinds: readonly string[], at: number): string {
  const names = kinds.map((code) => book?.kinds.find((kind) => kind.code === code)?.name).filter((name) => name !== undefined)
  const { y, m } = civil(at)
  return names.length === 0 ? '' : w.plan.titleOf(y, m, w.list(names))
}
