import { expect, test } from 'vitest'
import { spanName, spanWords, toneOf } from './span.ts'

const span = { from_month: 10, to_month: 12, required: 2, filed: 0, submitted: 0, returned: 0, open: 0, missing: 0 }

test('what is missing shows before what is done', () => {
  expect(toneOf({ ...span, filed: 1, missing: 1 })).toBe('missing')
  expect(toneOf({ ...span, filed: 1, returned: 1 })).toBe('returned')
  expect(toneOf({ ...span, filed: 1, submitted: 1 })).toBe('submitted')
  expect(toneOf({ ...span, filed: 2 })).toBe('filed')
  expect(toneOf(span)).toBe('future')
})

test('a cell can be read out', () => {
  expect(spanName(span)).toBe('10至12月')
  expect(spanName({ ...span, to_month: 10 })).toBe('10月')
  expect(spanWords({ ...span, filed: 1, missing: 1 })).toBe('应 2 次，已备案 1，没有交 1')
  expect(spanWords(span)).toBe('应 2 次，未到期')
})
