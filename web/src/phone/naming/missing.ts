import type { AboutField, ActivitySheet, QuorumSheet } from '@/core/api'
import { phoneWords as w } from '@/words/phone'
import { recordWords as r } from '@/words/record'
import { type Names, openRequests, slotName, stepOf, type StepName } from './slots'

export interface Gap {
  text: string
  step: StepName
}

const EXPECTED: readonly AboutField[] = ['title', 'place', 'host', 'recorder']

/** What a reader of the record would ask about, in the order of the steps. None of it stops anybody. */
export function missing(sheet: ActivitySheet, quorum: QuorumSheet | null, names: Names): Gap[] {
  const gaps: Gap[] = openRequests(sheet).filter((event) => event.slot !== null).map((event) => (
    { text: w.submit.toFix(slotName(event.slot ?? '', names)), step: stepOf(event.slot ?? '') }
  ))
  const blank = (what: string, step: StepName) => gaps.push({ text: w.submit.missing(what), step })
  if (sheet.kinds.length === 0) blank(r.part.kinds, 'plan')
  for (const field of EXPECTED) if (!sheet.about[field]) blank(r.field[field], 'plan')
  if (!sheet.about.held_from) blank(r.field.held_from, 'plan')
  const unmarked = sheet.roll.filter((line) => line.state === null).length
  if (unmarked > 0) gaps.push({ text: w.submit.unmarked(unmarked), step: 'roll' })
  for (const { name, presence } of quorum?.presence ?? []) {
    if (!presence.met) gaps.push({ text: w.roll.short(name, Math.max(presence.needed - presence.have, 0)), step: 'roll' })
  }
  if (sheet.minutes.trim() === '') blank(r.part.minutes, 'minutes')
  for (const vote of quorum?.votes ?? []) {
    if ((vote.outcome?.faults.length ?? 0) > 0) gaps.push({ text: w.submit.vote(vote.text), step: 'resolutions' })
  }
  const first = sheet.merge_cards[0]
  if (first) gaps.push({ text: w.submit.cards(sheet.merge_cards.length), step: stepOf(first.slot) })
  return gaps
}
