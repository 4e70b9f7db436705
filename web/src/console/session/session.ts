/**
 * Who works here. The session itself is a cookie that no script can read; what is kept beside it in the browser is
 * only the mark that somebody had signed in, so that a stranger's first look asks the server nothing.
 */
import { computed, reactive } from 'vue'
import { api, ask, askOnce, whenSignedOut } from '../api/client.ts'
import { door } from '../api/door.ts'
import { ApiError } from '../api/error.ts'
import type { Account, Role } from '../api/types.ts'

/** `factor`: the password was right, and a second factor must be set up before anything else may be done. */
export type Stage = 'starting' | 'out' | 'factor' | 'open'

const MARK = 'zhibu.console.signed-in'
/** The server ends a session after half an hour without a request; somebody who types makes none. */
const RENEW_AFTER_MS = 5 * 60_000

interface Session {
  stage: Stage
  me: Account | null
  /** The session ended while somebody worked: the sign-in stands over his page. */
  ended: ApiError | null
}

export const session = reactive<Session>({ stage: 'starting', me: null, ended: null })

let waiting: Array<() => void> = []
let renewedAt = 0

whenSignedOut((error) => {
  if (session.stage !== 'open') return Promise.reject(error)
  session.ended = error
  return new Promise<void>((resolve) => waiting.push(resolve))
})

export async function resumeSession(): Promise<void> {
  if (!localStorage.getItem(MARK)) {
    session.stage = 'out'
    return
  }
  try {
    const account = await askOnce(() => api.GET('/v1/console/me'))
    opened(account)
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.code === 'offline') throw thrown
    forget()
    // A session that may only set up its second factor is not answered: it begins again with the password.
    session.stage = 'out'
  }
}

export type SignIn = 'open' | 'code_needed' | 'factor_to_set_up'

export async function signIn(login: string, password: string, code?: string): Promise<SignIn> {
  const reply = await askOnce(() =>
    door.POST('/v1/console/login', { body: { login, password, browser: true, ...(code ? { code } : {}) } }),
  )
  if (reply.stage === 'factor_to_set_up') session.stage = 'factor'
  if (reply.stage === 'open') opened(reply.account ?? (await askOnce(() => api.GET('/v1/console/me'))))
  return reply.stage
}

export function opened(account: Account): void {
  // Somebody else signs in over a page that is not his: nothing of it may be left.
  if (session.me && session.me.id !== account.id) location.assign('/console/')
  localStorage.setItem(MARK, '1')
  renewedAt = Date.now()
  session.me = account
  session.stage = 'open'
  session.ended = null
  for (const resolve of waiting.splice(0)) resolve()
}

export async function signOut(): Promise<void> {
  await askOnce(() => door.POST('/v1/console/logout', { body: {} }))
  forget()
  // Everything that was read belongs to whoever signed out.
  location.assign('/console/')
}

function forget(): void {
  localStorage.removeItem(MARK)
  session.me = null
}

/** Called while somebody types: keeps his session without asking more often than is of use. */
export function keepAlive(): void {
  if (session.stage !== 'open' || session.ended || Date.now() - renewedAt < RENEW_AFTER_MS) return
  renewedAt = Date.now()
  ask(() => api.GET('/v1/console/me')).catch(() => {
    // The next thing that he does will say what is wrong.
  })
}

export function holds(...roles: Role[]): boolean {
  return session.me?.posts.some((post) => roles.includes(post.role)) ?? false
}

export const isAdmin = computed(() => holds('district_admin'))
export const mayDecide = computed(() => holds('district_admin', 'district_reviewer', 'township_officer'))
export const disposesOfAccounts = computed(() => holds('district_admin', 'township_officer'))
