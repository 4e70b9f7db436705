import { CommandLine, marks } from './command_line.ts'
import { Official } from './official.ts'
import type { Server } from './server.ts'

/** The planned activity of November is held, submitted and filed, all by others than the one under test. */
export async function fileThePlanned(server: Server): Promise<{ record: string; officer: Official }> {
  const secretary = CommandLine.enrolled(server, 'secretary', '书记的手机')
  const record = secretary.planned()
  secretary.run('roll', record, '--mark', marks(1, 31, 'present'))
  secretary.run('submit', record)
  secretary.run('sync')
  const officer = await Official.login(server, 'officer')
  await officer.review(record, { verb: 'filed' })
  return { record, officer }
}
