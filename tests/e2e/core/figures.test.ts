// What the core costs, for the README. The browser's own brake holds back the page but not its workers, so that these
// times are those of this machine as it is.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect } from 'vitest'
import { figure, median, slowness } from '../support/figures.ts'
import { test } from '../support/world.ts'
import { buildPage, enrol, forgetPage, serve } from './page.ts'

const RECORDS = 300

let folder: string

beforeAll(async () => {
  folder = await buildPage('core.html')
})

afterAll(() => forgetPage(folder))

test('the size of the core', () => {
  const name = readdirSync(join(folder, 'assets')).find((file) => file.endsWith('.wasm')) ?? ''
  const path = join(folder, 'assets', name)
  const bytes = readFileSync(path)
  const packed = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }).length
  figure('core, brotli', packed / 1024, 360, 'KiB')
  figure('core, gzip', gzipSync(bytes, { level: 9 }).length / 1024, 500, 'KiB')
  figure('core, raw', statSync(path).size / 1024, 2048, 'KiB')
  expect(packed).toBeLessThan(500 * 1024)
})

test('the times of the core, and its memory', async ({ server, phoneOf }) => {
  await serve(server, folder)
  const phone = phoneOf('secretary')
  await phone.open()
  await enrol(phone.page, server.invite('secretary'))

  const starts: number[] = []
  for (let n = 0; n < 5; n += 1) {
    await phone.page.reload()
    starts.push(await phone.page.evaluate(async () => {
      const start = performance.now()
      await window.core.me()
      return performance.now() - start
    }))
  }
  figure('core: start to first answer', median(starts), 500)

  const saves = await phone.page.evaluate(async (records) => {
    const [branch] = (await window.core.me())?.branches ?? []
    const ids: string[] = []
    const times: number[] = []
    for (let n = 0; n < records; n += 1) {
      const key = await window.core.newActivity(branch ?? '', Date.now())
      const start = performance.now()
      await window.core.execute(key, { set_about: [['title', `活动 ${n}`], ['place', '村委会'], ['planned_at', Date.now()]] })
      times.push(performance.now() - start)
      ids.push(key.id)
    }
    return { ids, times: times.toSorted((a, b) => a - b) }
  }, RECORDS)
  const at = (share: number) => saves.times[Math.floor(saves.times.length * share)] ?? Number.NaN
  figure('core: save to durable, p50', at(0.5), 100)
  figure('core: save to durable, p95', at(0.95), 100)

  const opens = await phone.page.evaluate(async (ids) => {
    const times: number[] = []
    for (const id of ids) {
      const start = performance.now()
      await window.core.showActivity(id)
      times.push(performance.now() - start)
    }
    const start = performance.now()
    const { length } = await window.core.listActivities(null, null)
    return { times: times.toSorted((a, b) => a - b), list: performance.now() - start, length }
  }, saves.ids)
  figure(`core: open one of ${RECORDS} records, p50`, opens.times[RECORDS / 2] ?? Number.NaN, 300)
  figure(`core: open one of ${RECORDS} records, longest`, opens.times.at(-1) ?? Number.NaN, 300)
  figure(`core: list ${opens.length} activities`, opens.list, 1000)

  const memory = await phone.page.workers().at(-1)?.evaluate(() => new Promise<number>((resolve) => {
    const tell = self.postMessage.bind(self) as (message: object) => void
    self.postMessage = (message: { memory?: number }) => {
      if (message.memory !== undefined) resolve(message.memory)
      tell(message)
    }
    self.dispatchEvent(new MessageEvent('message', { data: { id: -1, method: 'me', args: [] } }))
  }))
  figure(`core: memory after opening ${RECORDS} records`, (memory ?? Number.NaN) / 2 ** 20, 96, 'MiB')
  expect(memory).toBeLessThan(96 << 20)
  expect(at(0.95)).toBeLessThan(slowness() * 1000)
})
