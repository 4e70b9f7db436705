// The core in a real browser: enrolled, offline, in two windows, killed, out of storage.
import { afterAll, beforeAll, expect } from 'vitest'
import { test } from '../support/world.ts'
import { buildPage, enrol, forgetPage, serve } from './page.ts'

let folder: string

beforeAll(async () => {
  folder = await buildPage('core.html')
})

afterAll(() => forgetPage(folder))

test('a phone enrols, saves without signal, delivers and reads', async ({ server, phoneOf }) => {
  await serve(server, folder)
  const phone = phoneOf('secretary')
  await phone.open()
  expect(await phone.page.evaluate(() => window.core.me())).toBeNull()
  await enrol(phone.page, server.invite('secretary'))
  const me = await phone.page.evaluate(() => window.core.me())
  expect(me?.branches.length).toBeGreaterThan(0)
  expect(await phone.page.evaluate(async () => (await window.core.listActivities(null, null)).length)).toBeGreaterThan(3)
})
