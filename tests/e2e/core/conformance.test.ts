// IndexedDB under the same contract as SQLite, in a real browser.
import { afterAll, beforeAll, expect } from 'vitest'
import { test } from '../support/world.ts'
import { buildPage, forgetPage, serve } from './page.ts'

let folder: string

beforeAll(async () => {
  folder = await buildPage('conformance.html')
})

afterAll(() => forgetPage(folder))

test('IndexedDB keeps every rule of the store', async ({ server, phoneOf }) => {
  await serve(server, folder)
  const phone = phoneOf('conformance')
  await phone.open('/')
  const rules = await phone.page.evaluate(() => window.rules())
  expect(rules.length).toBeGreaterThanOrEqual(10)
  const broken: string[] = []
  for (const rule of rules) {
    // A broken rule traps, and a trap spoils its instance: the next rule gets a new page.
    const kept = await phone.page.evaluate((name) => window.tryRule(name), rule).catch(() => false)
    if (!kept) broken.push(rule)
    await phone.page.reload()
  }
  expect(broken).toEqual([])
  expect(await phone.page.evaluate(() => window.tryRule('no such rule'))).toBe(false)
})
