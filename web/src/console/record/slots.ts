/** Slots and their values in words: `about.place` is 地点, and a member's id is his name. */
import { t } from '@/words/console.ts'
import type { ActivityRecord, Mark, Verb } from '../api/types.ts'
import { decisionName, kindName } from '../orgs/district.ts'
import { fullMoment } from '../parts/when.ts'

/** What names and entries there are to speak of; an activity has all of it, refused work may have nothing. */
export type Scene = Partial<Pick<ActivityRecord, 'people' | 'resolutions' | 'follow_ups' | 'agenda' | 'observers' | 'attendance'>>

const INSTANTS = new Set(['planned_at', 'held_from', 'held_to'])
const PEOPLE = new Set(['host', 'recorder', 'lecturer', 'owner', 'member'])

export function personName(scene: Scene, member: string): string {
  return scene.people?.[member] ?? scene.attendance?.find((row) => row.member === member)?.name ?? member.slice(0, 8)
}

function split(slot: string): { container: string; key: string; name: string } {
  const [container = '', key = '', ...rest] = slot.split('.')
  return { container, key, name: rest.join('.') }
}

function ordinal(entries: ReadonlyArray<{ entry: string }> | undefined, entry: string): string {
  const at = entries?.findIndex((one) => one.entry === entry) ?? -1
  return at < 0 ? '' : ` ${at + 1}`
}

export function slotName(slot: string, scene: Scene = {}): string {
  const { container, key, name } = split(slot)
  switch (container) {
    case 'about':
      return t.record.fields[key] ?? key
    case 'kinds':
      return t.slot.of(t.record.kinds, kindName(key))
    case 'attendance':
      return key ? t.slot.of(t.record.attendance, personName(scene, key)) : t.record.attendance
    case 'minutes':
      return t.record.minutes
    case 'agenda':
      return t.record.agenda + ordinal(scene.agenda, key)
    case 'observers':
      return t.record.observers + ordinal(scene.observers, key)
    case 'resolutions':
      return joined(t.record.resolutions + ordinal(scene.resolutions, key), t.slot.resolution[name])
    case 'follow_ups':
      return joined(t.record.followUps + ordinal(scene.follow_ups, key), t.slot.followUp[name])
    case 'events':
      return t.slot.events
    case 'attachments':
      return t.record.photos
    case 'amendments':
      return t.record.amendments
    case 'entries':
      return t.slot.entries
    case 'members':
      return joined(personName(scene, key), t.slot.roster[name])
    case 'classes':
      return t.slot.of(t.slot.classes, personName(scene, key))
    case 'exclusions':
      return t.slot.exclusions
    case 'posts':
      return t.slot.of(t.slot.posts, personName(scene, key))
    case 'versions':
      return t.slot.versions
    default:
      return slot
  }
}

function joined(what: string, part: string | undefined): string {
  return part ? t.slot.of(what, part) : what
}

/** A value as it stood at a slot. Null stands for a deletion. */
export function slotValue(slot: string, value: unknown, scene: Scene = {}): string {
  const { container, key, name } = split(slot)
  if (value === null || value === undefined) return t.record.cleared
  if (typeof value === 'boolean') return value ? t.record.yes : t.record.no
  const field = container === 'about' ? key : name
  if (typeof value === 'number') return container === 'about' && INSTANTS.has(field) ? fullMoment(value) : String(value)
  if (typeof value === 'string') {
    if (container === 'attendance') return t.mark[value as Mark] ?? value
    if (PEOPLE.has(field)) return personName(scene, value)
    if (field === 'decision') return decisionName(value)
    return value
  }
  return entryWords(value as Record<string, unknown>)
}

/** An entry that is written once: a review event says its word and its comment; others, their plain fields. */
function entryWords(entry: Record<string, unknown>): string {
  const verb = typeof entry['verb'] === 'string' ? (t.verb[entry['verb'] as Verb] ?? entry['verb']) : ''
  const rest = ['rule', 'date', 'matter', 'text', 'comment', 'name'].map((key) => entry[key]).filter((one) => typeof one === 'string')
  return [verb, ...rest].filter(Boolean).join('，') || JSON.stringify(entry)
}

/** The fields of 基本情况 in the order of the paper form, those that always stand there first. */
export const ABOUT_ALWAYS = ['title', 'theme', 'held_from', 'held_to', 'place', 'host', 'recorder'] as const
export const ABOUT_IF_WRITTEN = ['planned_at', 'lecturer', 'lecture_title', 'hours', 'audience_count'] as const
export const ABOUT_LAST = ['paper_ref'] as const

/** What can be pointed at when a record is sent back. */
export function returnableSlots(record: ActivityRecord): Array<{ slot: string; name: string }> {
  const about = [...ABOUT_ALWAYS, ...ABOUT_IF_WRITTEN.filter((key) => key in record.about), ...ABOUT_LAST].map((key) => `about.${key}`)
  const entries = [
    ...record.agenda.map((row) => `agenda.${row.entry}`),
    ...record.observers.map((row) => `observers.${row.entry}`),
    ...record.resolutions.map((row) => `resolutions.${row.entry}.text`),
    ...record.follow_ups.map((row) => `follow_ups.${row.entry}.text`),
  ]
  return [...about, 'attendance', 'minutes', ...entries].map((slot) => ({ slot, name: slotName(slot, record) }))
}
