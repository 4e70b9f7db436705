// Refused work that is one text can be mended where it is listed; everything else is mended in the record itself.

import type { Command } from '@/core/api'

/** The text of a command that is nothing but one text; `null` for the others. */
export function correctable(command: Command): string | null {
  if ('set_about' in command) {
    const [only, ...more] = command.set_about
    return more.length === 0 && typeof only?.[1] === 'string' && !PEOPLE.includes(only[0]) ? only[1] : null
  }
  if ('edit_minutes' in command) return command.edit_minutes.after
  if ('amend' in command) return command.amend.text
  if ('claim_points' in command) return command.claim_points.claim.matter
  return null
}

const PEOPLE = ['host', 'recorder', 'lecturer']

/** The same command with another text. */
export function corrected(command: Command, text: string): Command {
  if ('set_about' in command) return { set_about: command.set_about.map(([field]) => [field, text === '' ? null : text]) }
  if ('edit_minutes' in command) return { edit_minutes: { before: command.edit_minutes.before, after: text } }
  if ('amend' in command) return { amend: { ...command.amend, text } }
  if ('claim_points' in command) return { claim_points: { ...command.claim_points, claim: { ...command.claim_points.claim, matter: text } } }
  return command
}
