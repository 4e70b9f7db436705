import { expect, test } from 'vitest'
import { rollByGroup } from './roll.ts'
import { slotName, slotValue } from './slots.ts'

const scene = {
  people: { m1: '王秀兰' },
  resolutions: [
    { entry: 'r1', text: '甲' },
    { entry: 'r2', text: '乙' },
  ],
}

test('slots are called what the paper form calls them', () => {
  expect(slotName('about.place')).toBe('地点')
  expect(slotName('attendance.m1', scene)).toBe('到会 · 王秀兰')
  expect(slotName('resolutions.r2.yes', scene)).toBe('决议 2 · 赞成票')
  expect(slotName('something.new')).toBe('something.new')
})

test('values are words, days and names, never codes', () => {
  expect(slotValue('about.held_from', 1_794_704_400_000)).toBe('2026-11-15 09:00')
  expect(slotValue('about.host', 'm1', scene)).toBe('王秀兰')
  expect(slotValue('attendance.m1', 'leave_work', scene)).toBe('公事请假')
  expect(slotValue('kinds.theme_day', true)).toBe('是')
  expect(slotValue('about.place', null)).toBe('清空')
  expect(slotValue('events.e', { verb: 'returned', comment: '请补地点' })).toBe('退回补正，请补地点')
})

test('the roll stands by group in roster order, strangers last', () => {
  const rows = [
    { member: 'a', number: 1, group: 'g2', mark: 'present' as const },
    { member: 'b', number: 2, mark: 'leave_work' as const },
    { member: 'c', number: 3, group: 'g1', mark: 'present_remote' as const },
    { member: 'x', mark: 'present' as const },
  ]
  const groups = rollByGroup(rows, [
    { id: 'g1', name: '第一党小组' },
    { id: 'g2', name: '第二党小组' },
  ])
  expect(groups.map((group) => [group.name, group.present, group.rows.map((row) => row.member).join('')])).toEqual([
    ['第一党小组', 1, 'c'],
    ['第二党小组', 1, 'a'],
    ['未分党小组', 0, 'b'],
    ['不在当日名册上', 1, 'x'],
  ])
})
