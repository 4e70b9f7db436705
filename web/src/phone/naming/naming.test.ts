import { expect, test } from 'vitest'
import type { ActivityLine, BookSheet, Command, Threshold, VoteOutcome } from '@/core/api'
import { corrected, correctable } from './correction'
import { fixedDay, likelyKind } from './proposal'
import { slotName, stepOf } from './slots'
import { clock, dayOfMonth, instant, isoDay, recently } from './time'
import { voteSentences } from './votes'

const names = { member: (id: string) => (id === 'm1' ? '王秀兰' : undefined), book: null }

test('a day is a day in China, whatever the zone of the phone', () => {
  const lateEvening = Date.UTC(2026, 10, 21, 16, 30)
  expect(isoDay(lateEvening)).toBe('2026-11-22')
  expect(clock(lateEvening)).toBe('00:30')
  expect(instant('2026-11-22', '00:30')).toBe(lateEvening)
  expect(instant('2026-11-22', '')).toBeNull()
  expect(isoDay(dayOfMonth(15, '09:00', lateEvening))).toBe('2026-11-15')
  expect(recently(lateEvening - 3_600_000, lateEvening)).toBe('昨天 23:30')
})

test('every slot has a name and a step', () => {
  expect(slotName('about.place', names)).toBe('地点')
  expect(slotName('attendance.m1', names)).toBe('王秀兰到会')
  expect(slotName('resolutions.r1.no', names)).toBe('反对票')
  expect(slotName('follow_ups.f1.due', names)).toBe('完成期限')
  expect(['about.place', 'about.paper_ref', 'attendance.m1', 'resolutions.r1.no', 'follow_ups.f1.due', 'events.e1'].map(stepOf))
    .toEqual(['plan', 'minutes', 'roll', 'resolutions', 'followUps', 'submit'])
})

test('a month without its theme day proposes one, and a month with it does not', () => {
  const kind = (code: string, fixed_day: number | null, min: number | null) => ({
    code, name: code, levels: ['branch'], is_tag: false, min_full_members: min, frequency: { count: 1, period: 'month', fixed_day, quarter: null },
  })
  const book = { kinds: [kind('committee_meeting', null, 7), kind('theme_day', 15, null)] } as unknown as BookSheet
  const now = Date.UTC(2026, 10, 22)
  const held = [{ when: Date.UTC(2026, 10, 15), kinds: ['theme_day'] }] as ActivityLine[]
  expect(fixedDay(book)).toBe(15)
  expect(likelyKind(book, [], now)).toBe('theme_day')
  expect(likelyKind(book, held, now)).toBeNull()
  expect(likelyKind(null, [], now)).toBeNull()
})

test('a vote whose sums cannot be right is never called adopted', () => {
  const reached = (have: number, needed: number): Threshold => ({ have, of: 24, needed, met: have >= needed, at_exactly_half: false })
  const good: VoteOutcome = { presence: reached(16, 12), pass: reached(14, 13), faults: [], adopted: true }
  expect(voteSentences(good)).toEqual([{ text: '通过：赞成 14 票，应到有表决权 24 人，需要 13 票', good: true }])
  const wrong: VoteOutcome = { ...good, faults: [{ more_votes_than_voters: { cast: 20, voters: 16 } }], adopted: false }
  expect(voteSentences(wrong).some((one) => one.good)).toBe(false)
  expect(voteSentences({ ...good, presence: reached(11, 12), adopted: false })[0]?.text).toContain('11')
  expect(voteSentences(null)).toEqual([])
})

test('refused work that is one text is mended on the spot, and keeps what else it said', () => {
  const place: Command = { set_about: [['place', '学校']] }
  expect(correctable(place)).toBe('学校')
  expect(corrected(place, '村部')).toEqual({ set_about: [['place', '村部']] })
  const claim: Command = { claim_points: { entry: 'e', claim: { rule: 'C01', date: '2026-11-01', units: 2, matter: '扫雪', points: null } } }
  expect(corrected(claim, '清雪')).toMatchObject({ claim_points: { entry: 'e', claim: { rule: 'C01', units: 2, matter: '清雪' } } })
  expect(correctable({ set_about: [['host', 'm1']] })).toBeNull()
  expect(correctable({ record_attendance: [['m1', 'present']] })).toBeNull()
})
