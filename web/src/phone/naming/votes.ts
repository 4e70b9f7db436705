import type { VoteFault, VoteOutcome } from '@/core/api'
import { phoneWords as w } from '@/words/phone'

export interface VoteSentence {
  text: string
  good: boolean
  fault?: VoteFault
}

/** What a count came to, in sentences. Sums that cannot be right come first: with them nothing is adopted. */
export function voteSentences(outcome: VoteOutcome | null): VoteSentence[] {
  if (outcome === null) return []
  const { presence, pass, faults, adopted } = outcome
  const said: VoteSentence[] = faults.map((fault) => ({ text: faultWords(fault), good: false, fault }))
  if (!presence.met) said.push({ text: w.resolutions.absentVoters(presence.have, presence.needed), good: false })
  if (faults.length === 0 && presence.met && pass !== null) {
    said.push(adopted
      ? { text: w.resolutions.adopted(pass.have, pass.of, pass.needed), good: true }
      : { text: w.resolutions.rejected(pass.have, pass.needed), good: false })
  }
  if (presence.at_exactly_half || pass?.at_exactly_half) said.push({ text: w.resolutions.half, good: false })
  return said
}

function faultWords(fault: VoteFault): string {
  if ('more_votes_than_voters' in fault) {
    return w.resolutions.tooMany(fault.more_votes_than_voters.cast, fault.more_votes_than_voters.voters)
  }
  if ('written_not_taken' in fault) return w.resolutions.writtenNot
  if ('too_many_written' in fault) return w.resolutions.writtenMany(fault.too_many_written.written, fault.too_many_written.possible)
  return w.resolutions.nothing
}
