/** One cell of the overview: what a branch has done of what was due in some months. */
import { t } from '@/words/console.ts'
import type { SpanRow } from '../api/types.ts'

export type Tone = 'filed' | 'submitted' | 'returned' | 'open' | 'missing' | 'future'

/** What most needs somebody's hand; all is well only where nothing is wanting. */
export function toneOf(span: SpanRow): Tone {
  if (span.missing > 0) return 'missing'
  if (span.returned > 0) return 'returned'
  if (span.open > 0) return 'open'
  if (span.submitted > 0) return 'submitted'
  return span.filed > 0 ? 'filed' : 'future'
}

export const SIGN: Readonly<Record<Tone, string>> = { filed: '✓', submitted: '待', returned: '退', open: '写', missing: '缺', future: '·' }

export function spanName(span: SpanRow): string {
  return span.from_month === span.to_month ? t.overview.month(span.from_month) : t.overview.months(span.from_month, span.to_month)
}

export function spanWords(span: SpanRow): string {
  const counted = (['filed', 'submitted', 'returned', 'open', 'missing'] as const)
    .filter((key) => span[key] > 0)
    .map((key) => t.overview.counted(t.overview.legend[key], span[key]))
  return [t.overview.due(span.required), ...(counted.length ? counted : [t.overview.legend.future])].join('，')
}
