import type { Attendance, RosterLine } from '@/core/api'
import { isoDay } from './time'

/** The class that holds now: the one with the latest date that has come. */
export function classToday(person: RosterLine): string {
  const today = isoDay(Date.now())
  const since = Object.keys(person.classes).filter((from) => from <= today).sort().pop()
  return since === undefined ? '' : person.classes[since] ?? ''
}

/** The four answers that a roll asks for. */
export const QUICK = ['present', 'leave_other', 'absent_unexcused'] as const satisfies readonly Attendance[]
