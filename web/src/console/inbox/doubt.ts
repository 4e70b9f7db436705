/** What a reviewer should look at first, and why. */
import type { ActivityRow, Exception } from '../api/types.ts'

/** In the order in which they weigh. The server filters by these; exactly half counts as a question of the quorum. */
export const EXCEPTIONS: readonly Exception[] = ['cards', 'quorum', 'votes', 'late']
export type Doubt = Exception | 'half'

type Flags = Pick<ActivityRow, 'cards' | 'without_quorum' | 'vote_faults' | 'at_exactly_half' | 'late'>

export function doubtsOf(row: Flags): Doubt[] {
  const doubts: Array<[Doubt, boolean]> = [
    ['cards', row.cards > 0],
    ['quorum', row.without_quorum > 0],
    ['half', row.at_exactly_half > 0],
    ['votes', row.vote_faults > 0],
    ['late', row.late],
  ]
  return doubts.filter(([, holds]) => holds).map(([doubt]) => doubt)
}
