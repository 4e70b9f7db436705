/** The arithmetic of a vote in words that can be read out at a meeting. */
import { t } from '@/words/console.ts'
import type { OutcomeRow, ResolutionRow, ThresholdRow } from '../api/types.ts'

export interface VoteLine {
  readonly words: string
  readonly verdict: string
  readonly tone: 'good' | 'amber' | 'red'
}

function line(words: string, threshold: ThresholdRow): VoteLine {
  if (threshold.at_exactly_half) return { words, verdict: t.vote.half, tone: 'amber' }
  if (threshold.met) return { words, verdict: t.vote.enough, tone: 'good' }
  return { words, verdict: t.vote.short(threshold.needed - threshold.have), tone: 'red' }
}

export function voteLines(outcome: OutcomeRow): VoteLine[] {
  const { presence, pass } = outcome
  const lines = [line(t.vote.presence(presence.have, presence.of, presence.needed), presence)]
  if (pass) lines.push(line(t.vote.pass(pass.have, pass.of, pass.needed), pass))
  return lines
}

export function verdict(resolution: ResolutionRow): { words: string; tone: 'good' | 'amber' | 'red' | '' } {
  const { outcome } = resolution
  if (!outcome) return { words: t.vote.uncounted, tone: '' }
  if (outcome.faults.length) return { words: t.vote.faults, tone: 'red' }
  if (outcome.at_exactly_half) return { words: t.vote.half, tone: 'amber' }
  return outcome.adopted ? { words: t.vote.adopted, tone: 'good' } : { words: t.vote.rejected, tone: 'red' }
}
