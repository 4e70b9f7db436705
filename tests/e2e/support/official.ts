// What the staff do behind the scene of a phone's story, as JSON over HTTP; the console's own tests click instead.
import { PASSWORD } from './desk.ts'
import type { Server } from './server.ts'

/** An answer of the server; its shapes are in server/openapi.json. */
export type Json = any

export class Official {
  private constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  static async login(server: Server, login: 'admin' | 'reviewer' | 'officer'): Promise<Official> {
    const reply = await new Official(server.url, '').post('/v1/console/login', { login, password: PASSWORD })
    return new Official(server.url, reply.token)
  }

  async get(path: string): Promise<Json> {
    return this.ask(path, {})
  }

  /** A blob as it is. */
  async bytes(path: string): Promise<Buffer> {
    const response = await fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${this.token}` } })
    if (!response.ok) throw new Error(`${path}: ${response.status}`)
    return Buffer.from(await response.arrayBuffer())
  }

  async post(path: string, body: unknown): Promise<Json> {
    return this.ask(path, { method: 'POST', body: JSON.stringify(body) })
  }

  /** Says a review word about an activity. */
  async review(record: string, words: Record<string, string>): Promise<void> {
    await this.post(`/v1/console/records/${record}/review`, words)
  }

  /** The account that a person of the story has. */
  async account(name: string): Promise<{ id: string }> {
    const { items } = await this.get('/v1/console/accounts?limit=500')
    const found = items.find((account: Json) => account.name === name)
    if (!found) throw new Error(`no account of ${name}`)
    return found
  }

  /** Ends every device that a person has. */
  async revokeDevices(name: string): Promise<void> {
    const { id } = await this.account(name)
    const devices = await this.get(`/v1/console/accounts/${id}/devices`)
    const phones = devices.filter((device: Json) => !device.is_console)
    for (const device of phones) await this.post(`/v1/console/devices/${device.id}/revoke`, {})
  }

  private async ask(path: string, init: RequestInit): Promise<Json> {
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    if (this.token !== '') headers.authorization = `Bearer ${this.token}`
    const response = await fetch(`${this.url}${path}`, { ...init, headers })
    const text = await response.text()
    if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${path}: ${response.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }
}
