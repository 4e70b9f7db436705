import type { Attendance, MemberId, RollLine, RosterLine } from '@/core/api'

/** Classes whose people nobody expects at a meeting in the village: away for work, or old and frail. */
const UNEXPECTED = ['MOBILE', 'FRAIL']

/**
 * "Everybody came": marks for all who have none. Those with an approved exclusion are marked as such, those whom
 * nobody expects as not required; one of them who did come is marked by hand.
 */
export function rollCall(lines: readonly RollLine[], roster: readonly RosterLine[]): [MemberId, Attendance][] {
  const known = new Map(roster.map((line) => [line.member, line]))
  return lines.filter((line) => line.state === null).map((line) => {
    const person = known.get(line.member)
    if (person && person.excluded !== null) return [line.member, 'excluded']
    return [line.member, person && UNEXPECTED.includes(classToday(person)) ? 'not_required' : 'present']
  })
}

/** The class that holds now: the one with the latest date that has come. */
export function classToday(person: RosterLine): string {
  const today = new Date().toISOString().slice(0, 10)
  const since = Object.keys(person.classes).filter((from) => from <= today).sort().pop()
  return since === undefined ? '' : person.classes[since] ?? ''
}

/** The four answers that a roll asks for. */
export const QUICK = ['present', 'leave_other', 'absent_unexcused'] as const satisfies readonly Attendance[]
