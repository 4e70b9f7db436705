/** The roll by party group, each in roster order. */
import { t } from '@/words/console.ts'
import type { RollRow } from '../api/types.ts'

export interface RollGroup {
  readonly id: string
  readonly name: string
  readonly rows: readonly RollRow[]
  readonly present: number
}

const PRESENT: ReadonlySet<string> = new Set(['present', 'present_remote'])

export function isPresent(row: RollRow): boolean {
  return row.mark != null && PRESENT.has(row.mark)
}

/** `groups` gives the order and the names of the party groups. */
export function rollByGroup(
  rows: readonly RollRow[],
  groups: ReadonlyArray<{ id: string; name: string }>,
): RollGroup[] {
  const named = new Map(groups.map((group) => [group.id, group.name]))
  const keyOf = (row: RollRow) => {
    if (row.number == null) return 'strangers'
    return row.group && named.has(row.group) ? row.group : 'groupless'
  }
  const order = [...named, ['groupless', t.record.groupless], ['strangers', t.record.strangers]] as const
  return order.flatMap(([id, name]) => {
    const members = rows.filter((row) => keyOf(row) === id)
    return members.length ? [{ id, name, rows: members, present: members.filter(isPresent).length }] : []
  })
}
