/** The endpoints of signing in, as the server's sessions have them. */
import type { Client } from 'openapi-fetch'
import { api } from './client.ts'
import type { paths } from './schema.d.ts'
import type { Account } from './types.ts'

export interface LoginReply {
  stage: 'open' | 'code_needed' | 'factor_to_set_up'
  account?: Account | null
}

type Json<T> = { content: { 'application/json': T } }
type Post<Body, Reply> = {
  parameters: { query?: never; header?: never; path?: never; cookie?: never }
  post: { requestBody: Json<Body>; responses: { 200: Json<Reply> & { headers: Record<string, unknown> } } }
}

type DoorPaths = {
  '/v1/console/login': Post<{ login: string; password: string; code?: string; browser: boolean }, LoginReply>
  '/v1/console/second-factor': Post<Record<string, never>, { otpauth: string; secret: string }>
  '/v1/console/second-factor/confirm': Post<{ code: string }, LoginReply>
  '/v1/console/logout': Post<Record<string, never>, undefined>
}

export const door = api as Client<paths> as unknown as Client<DoorPaths>
