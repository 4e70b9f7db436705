// A bucket: an S3 service of its own on a folder, behind a door that lets pages of other origins read from it, as the
// setting of a real bucket does.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, request, type Server as Door } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { S3S_FS } from './places.ts'

const NAME = 'pics'
const KEYS = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' }
const OPEN = { 'access-control-allow-origin': '*' }

export class Bucket {
  /** What was read through the door: method and path, without the signature. */
  readonly asked: string[] = []

  private constructor(
    private readonly folder: string,
    private readonly service: ChildProcess,
    private readonly door: Door,
  ) {}

  static async start(): Promise<Bucket> {
    const folder = mkdtempSync(join(tmpdir(), 'zhibu-bucket-'))
    mkdirSync(join(folder, NAME))
    const keys = ['--access-key', KEYS.AWS_ACCESS_KEY_ID, '--secret-key', KEYS.AWS_SECRET_ACCESS_KEY]
    const service = spawn(S3S_FS, ['--host', '127.0.0.1', '--port', '0', ...keys, folder], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, RUST_LOG: 's3s_fs=info' },
    })
    process.once('exit', () => service.kill('SIGKILL'))
    const port: number = await new Promise((resolve, reject) => {
      service.once('exit', (code) => reject(new Error(`s3s-fs ended with ${code}`)))
      createInterface({ input: service.stdout }).on('line', (line) => {
        const found = line.match(/http:\/\/[^\s:/]+:(\d+)/)?.[1]
        if (found !== undefined) resolve(Number(found))
      })
    })
    service.removeAllListeners('exit')
    const door = createServer()
    const bucket = new Bucket(folder, service, door)
    door.on('request', (asked, answer) => {
      bucket.asked.push(`${asked.method} ${asked.url?.split('?')[0]}`)
      if (asked.method === 'OPTIONS') {
        answer.writeHead(204, { ...OPEN, 'access-control-allow-methods': 'GET', 'access-control-allow-headers': '*' }).end()
        return
      }
      // The host stays the door's: the signature covers it.
      const { method, url: path, headers } = asked
      const passed = request({ port, host: '127.0.0.1', method, path, headers }, (given) => {
        answer.writeHead(given.statusCode ?? 502, { ...given.headers, ...OPEN })
        given.pipe(answer)
      })
      passed.on('error', () => answer.destroy())
      asked.pipe(passed)
    })
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
    return bucket
  }

  /** Where it is. */
  get origin(): string {
    return `http://127.0.0.1:${(this.door.address() as AddressInfo).port}`
  }

  /** What `serve` is told so that it keeps its pictures here and sends readers here. */
  get words(): string[] {
    return ['--blobs', `s3://${NAME}/zhibu?endpoint=${this.origin}&presign=true`]
  }

  /** What stands in its environment for that. */
  get keys(): Record<string, string> {
    return { ...KEYS }
  }

  async end(): Promise<void> {
    this.door.closeAllConnections()
    await new Promise((resolve) => this.door.close(resolve))
    const ended = new Promise((resolve) => this.service.once('exit', resolve))
    this.service.kill('SIGKILL')
    await ended
    rmSync(this.folder, { recursive: true, force: true })
  }
}
