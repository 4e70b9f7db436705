import { t } from '@/words/console.ts'
import type { ErrorBody, RuleBookFault } from './types.ts'

export type ErrorCode = ErrorBody['code'] | 'offline' | 'strange'

/** Why something was not done, in one sentence that says what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(
    readonly code: ErrorCode,
    /** The sentence, without the number. */
    readonly plain: string,
    /** Finds the request in the server's log; empty where the server was never reached. */
    readonly requestId = '',
    readonly faults: readonly RuleBookFault[] = [],
  ) {
    super(plain)
  }

  get isSignedOut(): boolean {
    return this.code === 'unauthenticated' || this.code === 'token_expired'
  }

  /** The number that a person reads to whoever keeps the server: the last eight signs differ between requests. */
  get number(): string {
    return this.requestId.replaceAll('-', '').slice(-8)
  }

  get sentence(): string {
    // Whoever mistyped needs no number to mend it.
    return this.number && this.code !== 'wrong_login' ? t.error.numbered(this.plain, this.number) : this.plain
  }
}

/** Codes whose message of the server says more than we could. */
const SERVER_KNOWS: ReadonlySet<string> = new Set(['rule_broken', 'wrong_login', 'conflict', 'wrong_proof'])

export function readError(status: number, body: unknown): ApiError {
  if (!isErrorBody(body)) return new ApiError('strange', t.error.strange(status))
  const ours = t.error.byCode[body.code]
  const plain = SERVER_KNOWS.has(body.code) || !ours ? body.message : ours
  return new ApiError(body.code, plain, body.request_id, body.faults ?? [])
}

export function brokenConnection(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause
  const error = new ApiError('offline', t.error.offline)
  error.cause = cause
  return error
}

/** Whatever was thrown, as something that can be shown. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  const error = new ApiError('strange', t.error.broken)
  error.cause = thrown
  return error
}

function isErrorBody(body: unknown): body is ErrorBody {
  const fields = body as Partial<ErrorBody> | null | undefined
  return typeof fields?.code === 'string' && typeof fields.message === 'string'
}
