import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isPending, onReviewed, queue, review, sendAllNow, takeBack, UNDO_MS } from './queue.ts'

// A request needs a whole address where there is no page to be relative to.
vi.hoisted(() => {
  globalThis.Request = class extends Request {
    constructor(input: string, init?: RequestInit) {
      super(new URL(input, 'http://console.test'), init)
    }
  } as typeof Request
})

const sent = vi.fn<(input: RequestInfo | URL, init?: RequestInit) => Promise<Response>>()
const answer = (status: number, body: object) => Promise.resolve(Response.json(body, { status }))

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('fetch', sent)
  sent.mockImplementation(() => answer(200, { event: 'e', status: 'filed' }))
})

afterEach(() => {
  takeBack()
  vi.useRealTimers()
  vi.unstubAllGlobals()
  sent.mockReset()
})

test('nothing is sent before five seconds, and then once', async () => {
  const told = vi.fn()
  const stop = onReviewed(told)
  review('r1', '主题党日', { verb: 'filed' })
  review('r1', '主题党日', { verb: 'filed' })
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1)
  expect(sent).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(sent).toHaveBeenCalledOnce()
  expect(told).toHaveBeenCalledExactlyOnceWith('r1', 'filed')
  expect(isPending('r1')).toBe(false)
  stop()
})

test('what was taken back is never sent', async () => {
  review('r1', '甲', { verb: 'filed' })
  review('r2', '乙', { verb: 'filed' })
  expect(takeBack()?.record).toBe('r2')
  await vi.advanceTimersByTimeAsync(UNDO_MS)
  expect(sent).toHaveBeenCalledOnce()
  expect(takeBack()).toBeUndefined()
})

test('a refusal is told with its reason, and can be tried again', async () => {
  sent.mockImplementation(() => answer(409, { code: 'conflict', message: '记录现在的状态不能做这一步。', request_id: '', server_time: 0 }))
  review('r1', '主题党日', { verb: 'filed' })
  await vi.advanceTimersByTimeAsync(UNDO_MS)
  expect(queue.failed).toBe('“主题党日”没有办成：记录现在的状态不能做这一步。')
  expect(isPending('r1')).toBe(false)
})

test('a page that is closed sends at once what it holds', () => {
  review('r1', '主题党日', { verb: 'returned', comment: '请补地点' })
  sendAllNow()
  const [address, init] = sent.mock.calls[0] ?? []
  expect(address).toBe('/v1/console/records/r1/review')
  expect(init).toMatchObject({ keepalive: true, headers: { 'Zhibu-Console': '1' } })
  expect(JSON.parse(String(init?.body))).toEqual({ verb: 'returned', comment: '请补地点' })
  sendAllNow()
  expect(sent).toHaveBeenCalledOnce()
})
