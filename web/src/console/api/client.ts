/** The one way to the server: typed by its OpenAPI document, with one path for everything that may go wrong. */
import createClient from 'openapi-fetch'
import { ApiError, brokenConnection, readError } from './error.ts'
import type { paths } from './schema.d.ts'

/** A cookie is sent by the browser on its own; this header is not, so no other site can act in a reviewer's name. */
export const CONSOLE_HEADER = { 'Zhibu-Console': '1' } as const

// `fetch` is looked up at each call, so that a test may stand in for the network.
export const api = createClient<paths>({
  baseUrl: '/',
  headers: CONSOLE_HEADER,
  fetch: (request) => globalThis.fetch(request),
})

interface Answer<T> {
  data?: T | undefined
  error?: unknown
  response: Response
}

/** What to do when the session is over: resolves once somebody has signed in again, rejects if he goes away. */
let onSignedOut: ((error: ApiError) => Promise<void>) | null = null

export function whenSignedOut(renew: (error: ApiError) => Promise<void>): void {
  onSignedOut = renew
}

/** Asks once, and throws an `ApiError` for whatever is not an answer. */
export async function askOnce<T>(call: () => Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await call()
  } catch (cause) {
    throw brokenConnection(cause)
  }
  if (!answer.response.ok) throw readError(answer.response.status, answer.error)
  return answer.data as T
}

/**
 * Asks, and asks again after a new sign-in where the session had ended: the page stays as it is, with every word that
 * somebody had half typed.
 */
export async function ask<T>(call: () => Promise<Answer<T>>): Promise<T> {
  try {
    return await askOnce(call)
  } catch (error) {
    if (!(error instanceof ApiError) || !error.isSignedOut || !onSignedOut) throw error
    await onSignedOut(error)
    return askOnce(call)
  }
}

/** Reads a list to its end, page after page. For lists that are bounded by nature: orgs, one branch's members. */
export async function askAll<T>(
  page: (after: string | undefined) => Promise<{ items: T[]; next?: string | null }>,
): Promise<T[]> {
  const rows: T[] = []
  let after: string | undefined
  do {
    const { items, next } = await page(after)
    rows.push(...items)
    after = next ?? undefined
  } while (after !== undefined)
  return rows
}
