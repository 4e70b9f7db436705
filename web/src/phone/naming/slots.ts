// What a slot of a record and the value at it are called.

import type {
  AboutField, ActivitySheet, Attendance, BookSheet, ReviewEvent, ShownValue, WrittenLine, WrittenValue,
} from '@/core/api'
import { phoneWords as w } from '@/words/phone'
import { recordWords as r } from '@/words/record'
import { dayAndTime } from './time'

/** Where the names come from; either may be missing on a young phone. */
export interface Names {
  member(id: string): string | undefined
  book: BookSheet | null
}

export function slotName(slot: string, names: Names): string {
  const [container = slot, key = ''] = split(slot)
  const [id = '', part = ''] = split(key)
  switch (container) {
    case 'about': return r.field[key as AboutField] ?? slot
    case 'kinds': return r.part.kinds
    case 'attendance': return key === '' ? r.part.attendance : `${names.member(key) ?? ''}${r.part.attendance}`
    case 'minutes': return r.part.minutes
    case 'agenda': return r.part.agenda
    case 'observers': return r.part.observers
    case 'attachments': return r.part.attachment
    case 'events': return r.part.review
    case 'amendments': return r.part.amendment
    case 'entries': return r.part.claim
    case 'exclusions': return r.part.exclusion
    case 'members':
    case 'classes':
    case 'posts': return `${names.member(id) ?? ''}${r.part.roster}`
    case 'resolutions':
      return { decision: r.part.resolutionRule, yes: r.part.yes, no: r.part.no, abstain: r.part.abstain }[part] ?? r.part.resolution
    case 'follow_ups':
      return { owner: r.part.followUpOwner, due: r.part.followUpDue, done: r.part.followUpDone }[part] ?? r.part.followUp
    default: return slot
  }
}

export function valueName(slot: string, value: ShownValue, names: Names): string {
  if (value === null) return slot.startsWith('attendance.') ? r.attendance.none : w.cleared
  if (typeof value === 'boolean') return slot.startsWith('kinds.') ? kindChoice(slot, value, names) : value ? w.yes : w.no
  const [container, key = ''] = split(slot)
  if (container === 'about') return fieldValue(key as AboutField, value, names)
  if (container === 'attendance') return r.attendance[value as Attendance] ?? String(value)
  if (slot.endsWith('.owner')) return names.member(String(value)) ?? String(value)
  if (slot.endsWith('.decision')) return names.book?.decision_rules.find((rule) => rule.code === value)?.name ?? String(value)
  return String(value)
}

export function fieldValue(field: AboutField, value: ShownValue, names: Names): string {
  if (typeof value === 'number' && ['planned_at', 'held_from', 'held_to'].includes(field)) return dayAndTime(value)
  if (['host', 'recorder', 'lecturer'].includes(field)) return names.member(String(value)) ?? String(value)
  return value === null ? w.none : String(value)
}

/** One thing that a person wrote, in a line. */
export function writtenName(line: WrittenLine, names: Names): string {
  const { value: said } = line
  if (said !== null && typeof said === 'object' && 'supersedes' in said) return reviewName(said, names)
  const deleted = line.deleted > 0 ? w.list([w.historyDeleted(line.deleted)]) : ''
  const value = written(line.slot, line.value, names)
  return w.of(slotName(line.slot, names), [value, deleted].filter((part) => part !== '').join('，'))
}

function written(slot: string, value: WrittenValue, names: Names): string {
  if (value === null || typeof value !== 'object') return value === '' ? '' : valueName(slot, value, names)
  if ('supersedes' in value) return reviewName(value, names)
  if ('matter' in value) return w.list([value.date, ruleName(value.rule, names), value.matter])
  if ('verb' in value) return w.list([r.pointsVerb[value.verb], ...(value.reason ? [r.pointsReason[value.reason]] : [])])
  return 'text' in value ? w.of(slotName(value.slot, names), value.text) : r.part.attachment
}

export function reviewName(event: ReviewEvent, names: Names): string {
  const parts: string[] = [r.verb[event.verb]]
  if (event.slot !== null) parts.push(slotName(event.slot, names))
  if (event.reason !== null) parts.push(r.redo[event.reason])
  if (event.comment !== null) parts.push(event.comment)
  return parts.join('，')
}

export function ruleName(code: string, names: Names): string {
  return names.book?.claimable.find((rule) => rule.code === code)?.name ?? code
}

/** Which step of the activity shows a slot. */
export function stepOf(slot: string): StepName {
  const [container, key = ''] = split(slot)
  switch (container) {
    case 'attendance': return 'roll'
    case 'minutes': return 'minutes'
    case 'resolutions': return 'resolutions'
    case 'follow_ups': return 'followUps'
    case 'attachments': return 'photos'
    case 'about': return key === 'paper_ref' ? 'minutes' : 'plan'
    case 'kinds':
    case 'agenda':
    case 'observers': return 'plan'
    default: return 'submit'
  }
}

export const STEPS = ['plan', 'roll', 'minutes', 'resolutions', 'followUps', 'photos', 'submit'] as const
export type StepName = (typeof STEPS)[number]

/** The events that nobody replaced and that still ask for something. */
export function openRequests(sheet: ActivitySheet): ActivitySheet['events'] {
  const replaced = new Set(sheet.events.flatMap((event) => event.supersedes))
  return sheet.events.filter(
    (event) => !replaced.has(event.id) && (event.verb === 'returned' || event.verb === 'redo_required'),
  )
}

function kindChoice(slot: string, on: boolean, names: Names): string {
  const code = slot.slice('kinds.'.length)
  const name = names.book?.kinds.find((kind) => kind.code === code)?.name ?? code
  return on ? name : w.of(w.remove, name)
}

function split(path: string): [string, string] | [string] {
  const dot = path.indexOf('.')
  return dot < 0 ? [path] : [path.slice(0, dot), path.slice(dot + 1)]
}
