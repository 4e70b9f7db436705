import type { BookSheet, Cap, LedgerSheetLine, PointRule } from '@/core/api'
import { phoneWords as w } from '@/words/phone'
import { recordWords as r } from '@/words/record'

/** Why a line counts less than its points. */
export function capName(cap: Cap, book: BookSheet | null): string {
  if (typeof cap === 'string') return r.cap[cap]
  if ('rule' in cap) return w.points.capRule(r.period[cap.rule.period] ?? '')
  if ('group' in cap) return w.points.capGroup(book?.categories.find((one) => one.code === cap.group.category)?.name ?? cap.group.category)
  if ('not_for_class' in cap) {
    const code = cap.not_for_class.class
    return code === null ? w.points.capNoClass : w.points.capClass(book?.classes.find((one) => one.code === code)?.name ?? code)
  }
  if ('replaced_by' in cap) return w.points.capReplaced(book?.claimable.find((one) => one.code === cap.replaced_by.rule)?.name ?? cap.replaced_by.rule)
  return 'reversed' in cap ? w.points.capReversed : w.points.capReversing
}

/** Points of a line: what counts, and what it would have been. */
export function lineCount(line: LedgerSheetLine): string {
  return line.raw === line.counted ? w.points.unit(line.counted) : w.points.raw(line.raw, line.counted)
}

/** What a rule gives, and up to what. */
export function ruleFacts(rule: PointRule): string {
  const points = rule.points.min === rule.points.max ? String(rule.points.min) : `${rule.points.min}–${rule.points.max}`
  const caps = rule.caps.map((cap) => w.points.cap(r.period[cap.period] ?? '', cap.points))
  return [w.points.perAward(rule.units_per_award, rule.unit, points), ...caps].join('，')
}
