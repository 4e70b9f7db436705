// `zhibu-server` as a process of its own, over a copy of the demo district.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { inject } from 'vitest'
import { DIST, SERVER } from './places.ts'

/** The accounts of the demo district that have an invite link. */
export type Account = 'secretary' | 'recorder' | 'leader1' | 'leader2' | 'member' | 'officer'

export class Server {
  /** E.g. `http://127.0.0.1:41234`; stays the same over restarts. */
  url = ''
  private process: ChildProcess | null = null
  /** Further words of `serve`, and what stands in its environment. */
  private more: string[] = []
  private environment: Record<string, string> = {}
  private readonly folder = mkdtempSync(join(tmpdir(), 'zhibu-server-'))

  private constructor() {
    cpSync(inject('district'), this.data, { recursive: true })
  }

  static async demo(): Promise<Server> {
    const server = new Server()
    await server.start()
    return server
  }

  get data(): string {
    return join(this.folder, 'data')
  }

  /** Starts it, on the port that it had before if it had one; resolves once it listens. */
  async start(web: string = DIST): Promise<void> {
    const listen = this.url === '' ? '127.0.0.1:0' : this.url.replace('http://', '')
    const words = ['serve', '--data', this.data, '--web', web, '--listen', listen, ...this.more]
    const child = spawn(SERVER, words, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...this.environment } })
    this.process = child
    // A run that is cut short must not leave servers behind.
    process.once('exit', () => child.kill('SIGKILL'))
    // It prints its address once it listens: no waiting, no guessing.
    this.url = await new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`zhibu-server ended with ${code}`)))
      createInterface({ input: child.stdout }).on('line', (line) => {
        const address = line.match(/http:\/\/[^\s/]+/)
        if (address) resolve(address[0])
      })
    })
    child.removeAllListeners('exit')
  }

  /** Kills it as a power cut does. */
  async kill(): Promise<void> {
    const child = this.process
    this.process = null
    if (!child) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  /** Kills it and starts it with further words, for as long as it lives. */
  async restartWith(more: string[], environment: Record<string, string>): Promise<void> {
    await this.kill()
    Object.assign(this, { more, environment })
    await this.start()
  }

  /** Kills it and forgets its data. */
  async end(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** The invite link that `init` made for an account, at the address at which this server listens. */
  invite(account: Account): string {
    const lines = readFileSync(join(this.data, 'WELCOME.txt'), 'utf8').split('\n')
    // Staff stand in a list of logins too: the line of an invite is the one with a link below it.
    const at = lines.findIndex((line, number) => line.trim().startsWith(`${account} `) && lines[number + 1]?.includes('/enrol#'))
    const secret = lines[at + 1]?.match(/#(\S+)/)?.[1]
    if (secret === undefined) throw new Error(`no invite for ${account}`)
    return `${this.url}/enrol#${secret}`
  }

  /** Runs another command of `zhibu-server` on its data; answers what it printed. */
  admin(...words: string[]): string {
    return execFileSync(SERVER, [...words, '--data', this.data], { encoding: 'utf8' })
  }
}
