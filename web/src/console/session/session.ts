/**
 * Who works here. The session itself is a cookie that no script can read; what is kept beside it in the browser is
 * only the mark that somebody had signed in, so that a stranger's first look asks the server nothing.
 */
import { computed, reactive } from 'vue'
import { api, askOnce, whenSignedOut } from '../api/client.ts'
import { ApiError } from '../api/error.ts'
import type { Account, Me, Role } from '../api/types.ts'

/** `setting_up`: the password was right, and a second factor must be set up before anything else may be done. */
export type Stage = 'starting' | 'out' | Me['stage']

const MARK = 'zhibu.console.signed-in'
/** The server ends a session after half an hour without a request; somebody who types makes none. */
const RENEW_AFTER_MS = 5 * 60_000

interface Session {
  stage: Stage
  me: Account | null
  district: Pick<Me, 'district_name' | 'naming' | 'factor_policy'> | null
  /** The session ended while somebody worked: the sign-in stands over his page. */
  ended: ApiError | null
}

export const session = reactive<Session>({ stage: 'starting', me: null, district: null, ended: null })

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
    enter(await askOnce(() => api.GET('/v1/console/me')))
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || !thrown.isSignedOut) throw thrown
    forget()
    session.stage = 'out'
  }
}

/** True while the six digits are still wanted. */
export async function signIn(login: string, password: string, code?: string): Promise<boolean> {
  const reply = await askOnce(() =>
    api.POST('/v1/console/login', { body: { login, password, browser: true, ...(code ? { code } : {}) } }),
  )
  if (reply.me) enter(reply.me)
  return reply.stage === 'code_needed'
}

export function enter(me: Me): void {
  // Somebody else signs in over a page that is not his: nothing of it may be left.
  if (session.me && session.me.id !== me.account.id) location.assign('/console/')
  localStorage.setItem(MARK, '1')
  renewedAt = Date.now()
  session.me = me.account
  session.district = me
  session.stage = me.stage
  if (me.stage !== 'open') return
  session.ended = null
  for (const resolve of waiting.splice(0)) resolve()
}

export async function signOut(): Promise<void> {
  await askOnce(() => api.POST('/v1/console/logout'))
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
  askOnce(() => api.GET('/v1/console/me')).catch(() => {
    // The next thing that he does will say what is wrong.
  })
}

export function holds(...roles: Role[]): boolean {
  return session.me?.posts.some((post) => roles.includes(post.role)) ?? false
}

export const isAdmin = computed(() => holds('district_admin'))
export const disposesOfAccounts = computed(() => holds('district_admin', 'township_officer'))
