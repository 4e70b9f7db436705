import { expect, test } from 'vitest'
import type { Status } from '@/core/api'
import { recordWords } from '@/words/record'
import { placeBadge, statusBadge } from './standing'

const STATUSES = Object.keys(recordWords.status) as Status[]

test('with anything unsent no badge claims what only a receipt or the staff can say', () => {
  for (const status of STATUSES) {
    expect(placeBadge({ status, waiting: 1 }).text).toContain('已保存到本机')
    expect(placeBadge({ status, waiting: 1 }).text).not.toContain('已上传')
  }
  expect(statusBadge({ status: 'submitted', waiting: 1 }).text).not.toContain('已提交')
  expect(statusBadge({ status: 'voided', waiting: 1 }).text).not.toBe(recordWords.status.voided)
})

test('once everything is receipted the record stands where it stands', () => {
  for (const status of STATUSES) {
    expect(statusBadge({ status, waiting: 0 }).text).toBe(recordWords.status[status])
    expect(placeBadge({ status, waiting: 0 }).text).toBe('已上传')
  }
})

test('a photo that the server does not hold is not uploaded', () => {
  expect(placeBadge({ status: 'filed', waiting: 0, photos: 2 }).text).toBe('2 张照片待上传')
})

test('only what asks for work is marked, and only what is settled is green', () => {
  const marked = STATUSES.filter((status) => statusBadge({ status, waiting: 0 }).tone === 'look')
  expect(marked).toEqual(['returned', 'redo_required'])
  expect(STATUSES.filter((status) => statusBadge({ status, waiting: 0 }).tone === 'good')).toEqual(['filed'])
})
