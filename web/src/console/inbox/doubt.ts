/** What a reviewer should look at first, and why. */
import type { ActivityRow } from '../api/types.ts'

export const DOUBTS = ['cards', 'quorum', 'votes', 'half', 'late'] as const
export type Doubt = (typeof DOUBTS)[number]

type Flags = Pick<ActivityRow, 'cards' | 'without_quorum' | 'vote_faults' | 'at_exactly_half' | 'late'>

export function doubtsOf(row: Flags): Doubt[] {
  const holds: Record<Doubt, boolean> = {
    cards: row.cards > 0,
    quorum: row.without_quorum > 0,
    votes: row.vote_faults > 0,
    half: row.at_exactly_half > 0,
    late: row.late,
  }
  return DOUBTS.filter((doubt) => holds[doubt])
}
