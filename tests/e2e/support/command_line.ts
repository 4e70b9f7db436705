// `zhibu`, the command line of a phone, for people of a story who are not the ones under test.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Json } from './official.ts'
import { COMMAND_LINE } from './places.ts'
import type { Account, Server } from './server.ts'

export class CommandLine {
  private readonly folder = mkdtempSync(join(tmpdir(), 'zhibu-line-'))

  private constructor() {
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }))
  }

  /** Enrolled and synchronised. */
  static enrolled(server: Server, account: Account, name: string): CommandLine {
    const line = new CommandLine()
    line.run('enrol', server.invite(account), '--name', name)
    line.run('sync')
    return line
  }

  /** Runs one command; it must succeed. */
  run(...words: string[]): Json {
    return JSON.parse(execFileSync(COMMAND_LINE, ['--data', this.folder, '--json', ...words], { encoding: 'utf8' }))
  }

  /** The planned activity of November: its id. */
  planned(): string {
    return this.run('list').find((activity: Json) => activity.status === 'planned').id
  }
}

/** `1=present,2=present,…` */
export function marks(from: number, to: number, state: string): string {
  return Array.from({ length: to - from + 1 }, (_, at) => `${from + at}=${state}`).join(',')
}
