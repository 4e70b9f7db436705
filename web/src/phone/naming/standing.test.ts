import { expect, test } from 'vitest'
import type { ReviewEvent, Status, WaitingLine } from '@/core/api'
import { recordWords } from '@/words/record'
import { isUnsaid, placeBadge, statusBadge } from './standing'

const STATUSES = Object.keys(recordWords.status) as Status[]

const waits = (record: string, slot: string, value: ReviewEvent | string): WaitingLine => ({
  number: 1, record, kind: 'activity', org: 'o', title: '', bytes: 1, made_at: 0, in_envelope: false,
  written: [{ slot, value, deleted: 0 }],
})
const submits = (record: string): WaitingLine =>
  waits(record, 'events.e', { verb: 'submitted', supersedes: [], slot: null, comment: null, reason: null })

test('with anything unsent no badge claims what only a receipt or the staff can say', () => {
  for (const status of STATUSES) {
    expect(placeBadge({ status, waiting: 1 }).text).toContain('已保存到本机')
    expect(placeBadge({ status, waiting: 1 }).text).not.toContain('已上传')
  }
  expect(statusBadge({ status: 'submitted', unsaid: true }).text).not.toContain('已提交')
  expect(statusBadge({ status: 'voided', unsaid: true }).text).not.toBe(recordWords.status.voided)
})

test('a submission counts as unsent while it waits itself, not while something else does', () => {
  expect(isUnsaid('a', 'submitted', [submits('a')])).toBe(true)
  expect(isUnsaid('a', 'submitted', [waits('a', 'about.place', '村部')])).toBe(false)
  expect(isUnsaid('a', 'submitted', [submits('b')])).toBe(false)
  // What the staff said meanwhile was read back: it stands, whatever still waits here.
  expect(isUnsaid('a', 'filed', [submits('a')])).toBe(false)
})

test('once everything is receipted the record stands where it stands', () => {
  for (const status of STATUSES) {
    expect(statusBadge({ status, unsaid: false }).text).toBe(recordWords.status[status])
    expect(placeBadge({ status, waiting: 0 }).text).toBe('已上传')
  }
})

test('a photo that the server does not hold is not uploaded', () => {
  expect(placeBadge({ status: 'filed', waiting: 0, photos: 2 }).text).toBe('2 张照片待上传')
})

test('only what asks for work is marked, and only what is settled is green', () => {
  const marked = STATUSES.filter((status) => statusBadge({ status, unsaid: false }).tone === 'look')
  expect(marked).toEqual(['returned', 'redo_required'])
  expect(STATUSES.filter((status) => statusBadge({ status, unsaid: false }).tone === 'good')).toEqual(['filed'])
})
