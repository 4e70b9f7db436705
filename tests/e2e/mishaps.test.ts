// Item 5: whatever goes wrong, one sentence says what to do, and unsent work can leave the phone as a file.
import { readFileSync } from 'node:fs'
import { newerBuild } from './support/builds.ts'
import { CommandLine } from './support/command_line.ts'
import { enrol, openPlanned, syncNow, visit } from './support/enrol.ts'
import { Official } from './support/official.ts'
import type { Phone } from './support/phone.ts'
import { expect, test } from './support/world.ts'

/** What is left on the phone before something else takes it. */
const LEFT_BYTES = 4 << 20

/** Leaves one thing unsent. */
async function writeUnsent(phone: Phone): Promise<void> {
  await phone.offline(true)
  await openPlanned(phone, '计划')
  await phone.writes('地点', '村部会议室')
  await phone.saved()
}

/** The file that the phone hands over, as bytes. */
async function exported(phone: Phone): Promise<Buffer> {
  await visit(phone, '/outbox')
  const download = phone.page.waitForEvent('download')
  await phone.tap('存成文件')
  return readFileSync(await (await download).path())
}

test('the window that was opened last writes; the other one says so and takes over by a tap', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  const second = await phone.running.newPage()
  await second.goto(server.url)
  await phone.sees('已在另一个窗口打开')
  await phone.tap('在这里继续')
  await phone.seesNo('已在另一个窗口打开')
  await second.getByText('已在另一个窗口打开').waitFor()
})

test('a new version waits for a tap, never comes in the middle of a form, and keeps unsent work', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  // From the second start on it is the service worker that answers; before that there is nothing to update.
  await visit(phone, '/')
  await writeUnsent(phone)
  await server.kill()
  await server.start(newerBuild())
  await phone.offline(false)
  await phone.page.evaluate(async () => (await navigator.serviceWorker.ready).update())
  await phone.page.waitForFunction(async () => (await navigator.serviceWorker.ready).waiting !== null)
  await phone.seesNo(/有新版本/)
  await phone.tap('返回')
  await phone.sees('有新版本，点一下更新（不会丢失未上传的内容）')
  await phone.tap('更新')
  await expect.poll(() => phone.page.evaluate(() => document.documentElement.dataset.build).catch(() => '')).toBe('newer')
  await openPlanned(phone, '计划')
  expect(await phone.page.getByLabel('地点', { exact: true }).inputValue()).toBe('村部会议室')
})

test('a phone that was stopped keeps its work and hands it over as a file', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await writeUnsent(phone)
  const admin = await Official.login(server, 'admin')
  await admin.revokeDevices('王秀兰')
  await phone.offline(false)
  await visit(phone, '/outbox')
  await phone.tap('立即上传')
  await phone.sees('这部手机已被停用，不能再上传：请把没上传的存成文件交给乡镇党建办，由他们照着补录。')
  expect((await exported(phone)).length).toBeGreaterThan(100)
})

test('when the storage is full nothing is called saved, and with room again it goes on', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  const used = await phone.page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0)
  // The browser asks how much is left only now and then, but always after a start.
  await phone.close()
  await phone.open('about:blank')
  const line = await phone.debug(phone.page)
  await line.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize: used + LEFT_BYTES })
  await visit(phone, '/')
  await openPlanned(phone, '计划')
  await fillStorage(phone)
  await phone.writes('地点', '村部会议室')
  await phone.sees(/手机存储已满，刚才写的还没有保存/)
  await phone.seesNo('已保存到本机')
  // Somebody deletes a video: what is written now is saved, and sent.
  await line.send('Storage.overrideQuotaForOrigin', { origin: server.url })
  await emptyStorage(phone)
  await phone.writes('地点', '文化广场')
  await phone.saved()
  await visit(phone, new URL(phone.page.url()).pathname)
  await expect.poll(() => phone.page.getByLabel('地点', { exact: true }).inputValue()).toBe('文化广场')
  await syncNow(phone)
  await phone.sees('没有待上传的内容。')
  const officer = CommandLine.enrolled(server, 'officer', '党建办的电脑')
  expect(officer.run('history', officer.planned(), 'about.place').map((line: { value: string }) => line.value)).toContain('文化广场')
})

test('a phone whose storage was cleared says what is safe and whom to ask', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  const line = await phone.debug(phone.page)
  await phone.page.goto('about:blank')
  await line.send('Storage.clearDataForOrigin', { origin: server.url, storageTypes: 'indexeddb' })
  await visit(phone, '/')
  await phone.sees(/本机数据已被清理：已上传的还在服务器上/)
})

test('a phone with a wrong clock is told to set it', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await visit(phone, '/outbox')
  // What the worker said is there: it is up.
  await phone.find('heading', '上次同步成功').waitFor()
  for (const worker of phone.page.workers()) {
    await worker.evaluate(() => {
      const now = Date.now
      Date.now = () => now() + 2 * 3_600_000
    })
  }
  await phone.tap('立即上传')
  await phone.sees(/手机时间差 1\d\d 分钟，请打开“自动设置时间”/)
})

test('a browser that is too old says what to do', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await phone.open('about:blank')
  await phone.running.addInitScript(() => Reflect.deleteProperty(window, 'Worker'))
  await phone.page.goto(server.invite('secretary'))
  await phone.tap('开始使用')
  await phone.sees(/这个浏览器(版本太低|太旧).*请更新浏览器/)
})

/** Takes what is left, as somebody's videos do: in ever smaller pieces, until not a byte more goes in. */
async function fillStorage(phone: Phone): Promise<void> {
  await phone.page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('videos')
      opening.onupgradeneeded = () => opening.result.createObjectStore('pieces', { autoIncrement: true })
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error)
    })
    const fits = (bytes: number) =>
      new Promise<boolean>((resolve) => {
        const writing = database.transaction('pieces', 'readwrite', { durability: 'strict' })
        writing.objectStore('pieces').add(crypto.getRandomValues(new Uint8Array(bytes)))
        writing.oncomplete = () => resolve(true)
        writing.onabort = () => resolve(false)
      })
    for (let bytes = 1 << 16; bytes >= 16; bytes >>= 1) while (await fits(bytes));
    database.close()
  })
}

/** Gives back what `fillStorage` took. */
async function emptyStorage(phone: Phone): Promise<void> {
  await phone.page.evaluate(async () => {
    await new Promise<void>((resolve, reject) => {
      const deleting = indexedDB.deleteDatabase('videos')
      deleting.onsuccess = () => resolve()
      deleting.onerror = () => reject(deleting.error)
    })
  })
}
