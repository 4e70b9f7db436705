import { expect, test } from 'vitest'
import { day, fullMoment, moment, monthsBack } from './when.ts'

/** 2026-01-01 00:30 in the district, still the year before in London. */
const NEW_YEAR = Date.UTC(2025, 11, 31, 16, 30)

test('times are those of the district, whatever zone this computer is in', () => {
  expect(fullMoment(NEW_YEAR)).toBe('2026-01-01 00:30')
  expect(day(NEW_YEAR)).toBe('2026-01-01')
})

test('the year stands where it is not the present one', () => {
  expect(moment(NEW_YEAR, NEW_YEAR)).toBe('01-01 00:30')
  expect(moment(NEW_YEAR - 3_600_000, NEW_YEAR)).toBe('2025-12-31 23:30')
})

test('months run back over the turn of the year', () => {
  expect(monthsBack(NEW_YEAR, 3)).toEqual(['2026-01', '2025-12', '2025-11'])
})
