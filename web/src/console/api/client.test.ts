import { afterEach, expect, test, vi } from 'vitest'
import { ask, askAll, askOnce, whenSignedOut } from './client.ts'
import { ApiError, asApiError, readError } from './error.ts'

const body = (code: string, message: string) => ({ code, message, request_id: '01a2012d-d1af-7d4a-89ea-2549e099ede4', server_time: 0 })
const answer = (status: number, rest: object) => Promise.resolve({ response: new Response(null, { status }), ...rest })

afterEach(() => whenSignedOut((error) => Promise.reject(error)))

test('an error is one sentence and a number for whoever keeps the server', () => {
  const error = readError(500, body('internal', 'x'))
  expect(error.sentence).toBe('服务器出了错，没有保存。请再试一次；还不行，请把编号告诉管理员。（编号 e099ede4）')
})

test('where the server says more, its words stand', () => {
  expect(readError(422, body('rule_broken', '这条记录已经备案。')).plain).toBe('这条记录已经备案。')
  expect(readError(418, body('a_newer_code', '新的原因。')).plain).toBe('新的原因。')
})

test('an answer that is none of ours has a sentence too', () => {
  expect(readError(502, '<html>').sentence).toBe('服务器的回答看不懂（502）。请刷新页面，再试一次。')
  expect(asApiError(new TypeError('x')).code).toBe('strange')
})

test('no network is told as what it is', async () => {
  await expect(askOnce(() => Promise.reject(new TypeError('Failed to fetch')))).rejects.toMatchObject({ code: 'offline' })
})

test('an ended session is renewed and the question asked again', async () => {
  const renew = vi.fn(() => Promise.resolve())
  whenSignedOut(renew)
  const answers = [answer(401, { error: body('token_expired', '') }), answer(200, { data: 'here' })]
  await expect(ask(() => answers.shift()!)).resolves.toBe('here')
  expect(renew).toHaveBeenCalledOnce()
})

test('who may not, is not asked to sign in', async () => {
  const renew = vi.fn(() => Promise.resolve())
  whenSignedOut(renew)
  await expect(ask(() => answer(403, { error: body('forbidden', '') }))).rejects.toBeInstanceOf(ApiError)
  expect(renew).not.toHaveBeenCalled()
})

test('a list is read to its end', async () => {
  const pages: Record<string, { items: number[]; next?: string }> = { '': { items: [1, 2], next: 'b' }, b: { items: [3] } }
  await expect(askAll((after) => Promise.resolve(pages[after ?? '']!))).resolves.toEqual([1, 2, 3])
})
