// The core in a real browser: enrolled, offline, in two windows, ended in mid-word, out of space, robbed of its store.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Phone } from '../support/phone.ts'
import type { Server } from '../support/server.ts'
import { test } from '../support/world.ts'
import { activityOf, buildPage, cut, enrol, forgetPage, place, save, serve } from './page.ts'

let folder: string

beforeAll(async () => {
  folder = await buildPage('core.html')
})

afterAll(() => forgetPage(folder))

/** A phone of the branch's secretary that has read everything. */
async function secretary(server: Server, phoneOf: (owner: string) => Phone): Promise<Phone> {
  await serve(server, folder)
  const phone = phoneOf('secretary')
  await phone.open()
  await enrol(phone.page, server.invite('secretary'))
  return phone
}

const heard = (page: Page, event: string) =>
  page.evaluate((name) => window.heard.filter(([one]) => one === name).map(([, what]) => what), event)

test('what was saved without signal survives the process, and is delivered once', async ({ server, phoneOf }) => {
  const phone = await secretary(server, phoneOf)
  const activity = await activityOf(phone.page)
  await cut(phone)
  const saved = await save(phone.page, activity, '村委会')
  expect(saved).toMatchObject({ value: { saved: { record: { kind: 'activity' } } } })
  await phone.kill()

  await phone.open()
  expect(await phone.page.evaluate(() => window.core.waiting())).toMatchObject([
    { written: [{ slot: 'about.place', value: '村委会' }] },
  ])
  expect(await phone.page.evaluate(() => window.core.sync())).toMatchObject({ stored: 1, refused: 0 })
  expect(await phone.page.evaluate(() => window.core.waiting())).toEqual([])
  expect(await place(phone.page, activity)).toBe('村委会')
  expect(await phone.page.evaluate(() => window.core.sync())).toMatchObject({ stored: 0 })
})

test('a save is delivered by itself', async ({ server, phoneOf }) => {
  const phone = await secretary(server, phoneOf)
  await save(phone.page, await activityOf(phone.page), '村委会')
  await expect.poll(() => phone.page.evaluate(async () => (await window.core.waiting()).length), { timeout: 15_000 }).toBe(0)
})

test('a worker that is ended at any moment loses nothing that was acknowledged', async ({ server, phoneOf }) => {
  const phone = await secretary(server, phoneOf)
  await cut(phone)
  const outcome = await phone.page.evaluate(async () => {
    const [branch] = (await window.core.me())?.branches ?? []
    const record = await window.core.newActivity(branch ?? '', Date.now())
    const acknowledged: string[] = []
    const codes = new Set<string>()
    let ends = 0
    let over = false
    const writing = (async () => {
      while (!over) {
        const entry = await window.tried(window.core.newId())
        if (!('value' in entry)) { codes.add(entry.code); continue }
        const text = `议题 ${acknowledged.length}`
        const done = await window.tried(window.core.execute(record, { set_agenda_item: { entry: entry.value, text } }))
        if ('value' in done) acknowledged.push(entry.value)
        else codes.add(done.code)
      }
    })()
    // A slow machine saves less often between two ends, and must save as often in all.
    while (ends < 60 || (acknowledged.length <= 60 && ends < 600)) {
      // From before the worker has opened its store to well into a series of saves.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 160))
      const worker = window.workers.at(-1)
      worker?.terminate()
      // A browser that ends a worker by itself says so with this event.
      worker?.dispatchEvent(new ErrorEvent('error', { message: 'ended by the test' }))
      ends += 1
    }
    over = true
    await writing
    const { agenda } = await window.core.showActivity(record)
    const lost = acknowledged.filter((entry) => !(entry in agenda))
    return { acknowledged: acknowledged.length, kept: Object.keys(agenda).length, lost, codes: [...codes], workers: window.workers.length }
  })
  expect(outcome.lost).toEqual([])
  expect(outcome.acknowledged).toBeGreaterThan(60)
  expect(outcome.kept).toBeGreaterThanOrEqual(outcome.acknowledged)
  // Whoever was not answered is told so, and nothing else.
  expect(outcome.codes.filter((code) => !['restarted', 'offline'].includes(code))).toEqual([])
  expect(outcome.workers).toBeGreaterThanOrEqual(30)
})

test('of two windows the one looked at last writes, and the other reads along', async ({ server, phoneOf }) => {
  const phone = await secretary(server, phoneOf)
  const [first, second] = [phone.page, await phone.running.newPage()]
  const activity = await activityOf(first)
  await cut(phone)
  await second.goto(server.url)
  await expect.poll(() => heard(first, 'writer')).toEqual(['here', 'elsewhere'])

  expect(await save(first, activity, '一号窗口')).toMatchObject({ code: 'elsewhere' })
  expect(await save(second, activity, '二号窗口')).toMatchObject({ value: { saved: {} } })
  await expect.poll(() => place(first, activity)).toBe('二号窗口')
  expect(await heard(first, 'changed')).toContainEqual([activity])
  expect((await first.evaluate(() => window.core.status())).writer).toBe('elsewhere')

  await first.evaluate(() => window.core.takeOver())
  expect(await save(first, activity, '回到一号')).toMatchObject({ value: { saved: {} } })
  await expect.poll(() => heard(second, 'writer')).toEqual(['here', 'elsewhere'])
  expect(await save(second, activity, '太晚了')).toMatchObject({ code: 'elsewhere' })
  expect(await place(second, activity)).toBe('回到一号')
})

test('a window that did not hear of its successor is fenced out by the database', async ({ server, phoneOf }) => {
  const phone = await secretary(server, phoneOf)
  const activity = await activityOf(phone.page)
  await cut(phone)
  await phone.page.evaluate(() => new Promise<void>((resolve) => {
    const opening = indexedDB.open('zhibu')
    opening.onsuccess = () => {
      const writing = opening.result.transaction(['phone'], 'readwrite')
      const meta = writing.objectStore('phone').get('meta')
      meta.onsuccess = () => writing.objectStore('phone').put({ ...meta.result, writer: meta.result.writer + 1 }, 'meta')
      writing.oncomplete = () => { opening.result.close(); resolve() }
    }
  }))
  expect(await save(phone.page, activity, '幽灵')).toMatchObject({ code: 'elsewhere', retryable: false })
  expect(await place(phone.page, activity)).not.toBe('幽灵')
  await phone.page.evaluate(() => window.core.takeOver())
  expect(await save(phone.page, activity, '村委会')).toMatchObject({ value: { saved: {} } })
})

test('code that traps is started anew, and questions do not notice', async ({ server, phoneOf }) => {
  const phone = await secretary(server, phoneOf)
  const activity = await activityOf(phone.page)
  await save(phone.page, activity, '村委会')
  const before = await phone.page.evaluate(() => window.workers.length)
  // What a trap inside a future looks like from outside: an error that no call carries.
  await phone.page.workers().at(-1)?.evaluate(() => {
    setTimeout(() => { throw new WebAssembly.RuntimeError('unreachable') })
  })
  expect(await place(phone.page, activity)).toBe('村委会')
  await expect.poll(() => phone.page.evaluate(() => window.workers.length)).toBe(before + 1)
  expect(await heard(phone.page, 'fault')).toEqual(['restarted'])
  expect(await save(phone.page, activity, '文化广场')).toMatchObject({ value: { saved: {} } })
})

test('a worker grown too large is replaced between two calls', async ({ server, phoneOf }) => {
  const phone = await secretary(server, phoneOf)
  const activity = await activityOf(phone.page)
  const before = await phone.page.evaluate(() => window.workers.length)
  await phone.page.workers().at(-1)?.evaluate(() => {
    const tell = self.postMessage.bind(self) as (message: object) => void
    self.postMessage = (message: object) => tell({ ...message, memory: 97 << 20 })
  })
  const answers = await phone.page.evaluate(async (id) => {
    await window.core.me()
    return Promise.all([window.core.me(), window.core.showActivity(id), window.core.status()])
  }, activity)
  expect(answers).toMatchObject([{ name: expect.any(String) }, { id: activity }, { pending: 0 }])
  expect(await phone.page.evaluate(() => window.workers.length)).toBe(before + 1)
  expect(await save(phone.page, activity, '村委会')).toMatchObject({ value: { saved: {} } })
})

test('a store that was cleared is told from a phone that never was enrolled', async ({ server, phoneOf }) => {
  const phone = await secretary(server, phoneOf)
  await phone.page.evaluate(() => new Promise((resolve) => {
    const deleting = indexedDB.deleteDatabase('zhibu')
    deleting.onsuccess = resolve
  }))
  const lost = { code: 'storage_lost', plain: expect.stringContaining('重新登记') }
  expect(await phone.page.evaluate(() => window.tried(window.core.me()))).toMatchObject(lost)
  expect(await phone.page.evaluate(() => window.tried(window.core.listActivities(null, null)))).toMatchObject(lost)
  // The invite was used with a key that is gone.
  expect(await phone.page.evaluate((link) => window.tried(window.core.enrol(link, '手机')), server.invite('secretary')))
    .toMatchObject({ code: 'invite_spent' })
  await enrol(phone.page, server.invite('recorder'))
  expect((await phone.page.evaluate(() => window.core.me()))?.branches.length).toBe(1)
})

test('a phone without space says so, keeps what it has, and can hand it over', async ({ server, phoneOf }) => {
  const phone = await secretary(server, phoneOf)
  const activity = await activityOf(phone.page)
  await cut(phone)
  await save(phone.page, activity, '村委会')
  // A browser that runs already goes by what it thought was left; one that starts asks how much there is.
  await phone.kill()
  await phone.open('/nothing-there')
  const line = await phone.debug(phone.page)
  const quota = (quotaSize?: number) =>
    line.send('Storage.overrideQuotaForOrigin', { origin: server.url, ...(quotaSize === undefined ? {} : { quotaSize }) })
  await quota(1)
  await cut(phone)
  await phone.page.goto(server.url)
  const minutes = { edit_minutes: { before: '', after: '记'.repeat(20_000) } }
  const full = await phone.page.evaluate(([id, command]) => window.tried(window.core.execute(id, command)), [activity, minutes] as const)
  expect(full).toMatchObject({ code: 'storage_full', plain: expect.stringContaining('空间') })
  expect(await place(phone.page, activity)).toBe('村委会')
  const file = await phone.page.evaluate(async () => {
    const { name, bytes } = await window.core.exportUnsent()
    return { name, bytes: bytes.length }
  })
  expect(file.name).toMatch(/^支部簿-未上传-.+-\d{4}-\d\d-\d\d\.zhibu$/)
  expect(file.bytes).toBeGreaterThan(300)
  await quota()
  await phone.kill()
  await phone.open()
  const later = await phone.page.evaluate(([id, command]) => window.tried(window.core.execute(id, command)), [activity, minutes] as const)
  expect(later).toMatchObject({ value: { saved: {} } })
})

test('an older window lets go of a newer store, and says what to do', async ({ server, phoneOf }) => {
  const phone = await secretary(server, phoneOf)
  await phone.page.evaluate(() => new Promise<void>((resolve) => {
    const opening = indexedDB.open('zhibu', 99)
    opening.onsuccess = () => { opening.result.close(); resolve() }
  }))
  expect(await phone.page.evaluate(() => window.tried(window.core.me()))).toMatchObject({ code: 'too_old' })
})

test('a link that is none, or of another server, is refused before anything is sent', async ({ server, phoneOf }) => {
  await serve(server, folder)
  const phone = phoneOf('stranger')
  await phone.open()
  for (const link of ['hello', server.invite('secretary').replace('127.0.0.1', 'localhost'), `${server.url}/enrol#short`]) {
    expect(await phone.page.evaluate((text) => window.tried(window.core.enrol(text, '手机')), link)).toMatchObject({ code: 'not_an_invite' })
  }
  expect(await phone.page.evaluate(() => window.core.me())).toBeNull()
})

test('a photo loses what the camera wrote, and reaches the server after the text', async ({ server, phoneOf }) => {
  const phone = await secretary(server, phoneOf)
  const activity = await activityOf(phone.page)
  const shown = await phone.page.evaluate(async (id) => {
    const canvas = new OffscreenCanvas(3000, 2000)
    const pen = canvas.getContext('2d')
    for (let n = 0; n < 400 && pen !== null; n += 1) {
      pen.fillStyle = `hsl(${n * 37} 80% 50%)`
      pen.fillRect((n * 149) % 3000, (n * 211) % 2000, 300, 200)
    }
    const original = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 })
    await window.core.attachPhoto(id, original)
    const [line] = (await window.core.showActivity(id)).photos
    const full = await createImageBitmap(await window.core.photo(id, line?.id ?? '', 'full'))
    const thumb = await window.core.photo(id, line?.id ?? '', 'thumb')
    return { state: line?.state, width: full.width, height: full.height, thumb: thumb.size }
  }, activity)
  expect(shown).toMatchObject({ state: 'waiting', width: 1600, height: 1067 })
  expect(shown.thumb).toBeLessThanOrEqual(16 << 10)
  const state = () => phone.page.evaluate(async (id) => (await window.core.showActivity(id)).photos[0]?.state, activity)
  await expect.poll(state, { timeout: 15_000 }).toBe('uploaded')
  expect(await phone.page.evaluate((id) => window.tried(window.core.attachPhoto(id, new Blob(['text']))), activity))
    .toMatchObject({ code: 'not_a_photo' })
})
