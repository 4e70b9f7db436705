import { expect, test } from 'vitest'
import type { OutcomeRow, ResolutionRow, ThresholdRow } from '../api/types.ts'
import { verdict, voteLines } from './vote.ts'

const threshold = (have: number, of: number, needed: number, at_exactly_half = false): ThresholdRow => ({
  have,
  of,
  needed,
  met: have >= needed,
  at_exactly_half,
})

const outcome = (more: Partial<OutcomeRow>): OutcomeRow => ({
  adopted: true,
  at_exactly_half: false,
  faults: [],
  presence: threshold(16, 24, 12),
  pass: threshold(13, 24, 13),
  ...more,
})

const resolution = (of: OutcomeRow | null): ResolutionRow => ({ entry: 'e', text: '同意修路。', ...(of ? { outcome: of } : {}) })

test('the arithmetic can be read out', () => {
  expect(voteLines(outcome({})).map((line) => `${line.words}：${line.verdict}`)).toEqual([
    '应到 24 人有表决权，到会 16 人，至少要 12 人：够',
    '赞成 13 票，至少要 13 票（应到 24 人的规定数）：够',
  ])
})

test('what is missing is said as a number', () => {
  const [presence, pass] = voteLines(outcome({ presence: threshold(5, 24, 12), pass: threshold(5, 24, 13) }))
  expect([presence?.verdict, presence?.tone]).toEqual(['差 7', 'red'])
  expect([pass?.verdict, pass?.tone]).toEqual(['差 8', 'red'])
})

test('exactly half is for a person to judge', () => {
  const half = outcome({ presence: threshold(12, 24, 12, true), at_exactly_half: true })
  expect(voteLines(half)[0]?.verdict).toBe('正好一半')
  expect(verdict(resolution(half)).tone).toBe('amber')
})

test('sums that cannot be right come before any verdict', () => {
  expect(verdict(resolution(outcome({ faults: ['多出 2 票'] }))).words).toBe('票数不符')
  expect(verdict(resolution(outcome({}))).words).toBe('通过')
  expect(verdict(resolution(outcome({ adopted: false }))).words).toBe('没有通过')
  expect(verdict(resolution(null)).words).toBe('没有计票')
})

test('a meeting that decides nothing has no line on passing', () => {
  expect(voteLines(outcome({ pass: null }))).toHaveLength(1)
})
