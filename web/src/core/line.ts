// The way to the server that the page came from. Asks once; whether to ask again is decided in Rust.

const CBOR = 'application/cbor'
/** Below this a gzip header costs about what it saves. */
const COMPRESS_FROM_BYTES = 512
/** Village networks: slow to carry a first sync. */
const TIMEOUT_MS = 120_000

type Answer = [status: number, body: Uint8Array<ArrayBuffer>, bytesUp: number, bytesDown: number, retryAfter: string | null]

/** Status and body of an answer, and what it cost; fails when there is no answer. */
async function ask(method: string, path: string, authorization: string | undefined, body: Uint8Array<ArrayBuffer> | undefined, type: string): Promise<Answer> {
  const headers: Record<string, string> = { Accept: CBOR }
  if (authorization !== undefined) headers['Authorization'] = authorization
  let sent = body
  if (body !== undefined) {
    headers['Content-Type'] = type
    sent = type === CBOR ? await packed(body) : body
    if (sent !== body) headers['Content-Encoding'] = 'gzip'
  }
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), TIMEOUT_MS)
  try {
    performance.clearResourceTimings()
    const response = await fetch(path, {
      method,
      headers,
      ...(sent === undefined ? {} : { body: sent }),
      cache: 'no-store',
      credentials: 'omit',
      // A picture may lie in a bucket, to which its reader is sent. Browsers let go of the token on the way there.
      redirect: method === 'GET' ? 'follow' : 'error',
      signal: patience.signal,
    })
    const received = new Uint8Array(await response.arrayBuffer())
    return [response.status, received, sent?.length ?? 0, bytesDown(response, received), response.headers.get('Retry-After')]
  } finally {
    clearTimeout(timer)
  }
}

/** The body as it travelled: known to the browser's own timings, else as long as it says, else as long as it is. */
function bytesDown(response: Response, received: Uint8Array): number {
  const timing = performance.getEntriesByName(response.url).at(-1) as PerformanceResourceTiming | undefined
  const said = Number(response.headers.get('Content-Length'))
  return timing?.encodedBodySize || said || received.length
}

/** Packed, where the browser can and where it helps. */
async function packed(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (body.length < COMPRESS_FROM_BYTES || typeof CompressionStream === 'undefined') return body
  const stream = new Blob([body]).stream().pipeThrough(new CompressionStream('gzip'))
  const smaller = new Uint8Array(await new Response(stream).arrayBuffer())
  return smaller.length < body.length ? smaller : body
}

export const line = {
  post: (path: string, authorization: string | undefined, body: Uint8Array<ArrayBuffer>) => ask('POST', path, authorization, body, CBOR),
  get: (path: string, authorization: string) => ask('GET', path, authorization, undefined, CBOR),
  put: (path: string, authorization: string, body: Uint8Array<ArrayBuffer>) =>
    ask('PUT', path, authorization, body, 'application/octet-stream'),
}
