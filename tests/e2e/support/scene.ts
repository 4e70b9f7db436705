// An evening as the township finds it: written by two phones without signal, one field written differently, submitted.
import { CommandLine, marks } from './command_line.ts'
import type { Server } from './server.ts'

export interface Evening {
  record: string
  secretary: CommandLine
  recorder: CommandLine
}

/** The record is submitted; its place is a merge card, and one of its votes has more ballots than voters. */
export function submittedEvening(server: Server): Evening {
  const secretary = CommandLine.enrolled(server, 'secretary', '书记的手机')
  const recorder = CommandLine.enrolled(server, 'recorder', '记录人的手机')
  const record = secretary.planned()
  secretary.run('roll', record, '--mark', marks(1, 20, 'present'))
  secretary.run('minutes', record, '--text', '学习党章。讨论修路。')
  secretary.run('set', record, 'place', '村部会议室')
  secretary.run('set', record, 'held_from', '2026-11-15T09:00')
  secretary.run('resolution', record, '--text', '同意修路。', '--decision', 'general_vote', '--yes', '60', '--no', '2')
  secretary.run('follow-up', record, '--text', '备好砂石。', '--owner', '5', '--due', '2026-12-10')
  recorder.run('roll', record, '--mark', marks(21, 31, 'present'))
  recorder.run('set', record, 'place', '文化广场')
  for (const phone of [secretary, recorder, secretary]) phone.run('sync')
  secretary.run('submit', record)
  secretary.run('sync')
  return { record, secretary, recorder }
}
