// What a phone lives through while it is open: two windows that both want to write, a store that somebody deletes, a
// clock that is a year off.
import type { Page } from 'playwright-core'
import { CommandLine } from './support/command_line.ts'
import { enrol, openPlanned, syncNow, visit } from './support/enrol.ts'
import type { Phone } from './support/phone.ts'
import type { Server } from './support/server.ts'
import { expect, test } from './support/world.ts'

const ROUNDS = 12
const YEAR_MS = 365 * 86_400_000

/** All places that the server was told, in the order in which they were written. */
function placesOf(server: Server): string[] {
  const officer = CommandLine.enrolled(server, 'officer', '党建办的电脑')
  return officer.run('history', officer.planned(), 'about.place').map((line: { value: string }) => line.value)
}

test('two windows that take the pen from each other lose nothing that either called saved', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '计划')
  const first = phone.page
  const second = await phone.running.newPage()
  await second.goto(first.url())
  const saved = (await Promise.all([fight(first, '一号'), fight(second, '二号')])).flat()
  expect(saved.length).toBeGreaterThan(ROUNDS / 2)
  await second.close()
  await phone.offline(false)
  await visit(phone, '/')
  const elsewhere = phone.find('button', '在这里继续')
  if (await elsewhere.isVisible()) await elsewhere.tap()
  await syncNow(phone)
  await phone.sees('没有待上传的内容。')
  const places = placesOf(server)
  for (const place of saved) expect(places.filter((each) => each === place), JSON.stringify(places)).toEqual([place])
})

/** Writes again and again, taking the pen whenever the other window has it; what this window called saved. */
async function fight(page: Page, name: string): Promise<string[]> {
  const saved: string[] = []
  const take = page.getByRole('button', { name: '在这里继续' })
  for (let round = 0; round < ROUNDS; round += 1) {
    if (await take.isVisible()) await take.tap({ timeout: 1000 }).catch(() => undefined)
    const text = `${name}第${round}间`
    const field = page.getByLabel('地点', { exact: true })
    await field.fill(text)
    await field.blur()
    const isSaved = await page.locator('.save.saved').waitFor({ timeout: 1000 }).then(() => true, () => false)
    if (isSaved) saved.push(text)
  }
  return saved
}

test('a store that is deleted under the open app is never written to again as if nothing had been', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '计划')
  await phone.writes('地点', '村部会议室')
  await phone.saved()
  const line = await phone.debug(phone.page)
  await line.send('Storage.clearDataForOrigin', { origin: server.url, storageTypes: 'indexeddb' })
  await phone.writes('地点', '文化广场')
  await phone.sees(/本机数据已被清理：已上传的还在服务器上/)
  await phone.seesNo('已保存到本机')
})

test.for([
  ['ahead', YEAR_MS],
  ['behind', -YEAR_MS],
] as const)('a clock that is a year %s delays nothing, and setting it right locks nobody out', async ([, off], { server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await visit(phone, '/')
  await openPlanned(phone, '计划')
  // By its address: the list begins with the month that the phone believes in.
  const plan = new URL(phone.page.url()).pathname
  for (const [clock, place] of [[off, '村部会议室'], [0, '文化广场']] as const) {
    await setClock(phone, clock)
    await visit(phone, plan)
    await phone.writes('地点', place)
    await phone.page.locator('.save.saved').waitFor()
    await syncNow(phone)
    await phone.sees('没有待上传的内容。')
  }
  expect(placesOf(server)).toEqual(expect.arrayContaining(['村部会议室', '文化广场']))
})

/** For the page and every worker that begins from now on, after a start as after any reboot with a dead battery. */
async function setClock(phone: Phone, off: number): Promise<void> {
  await phone.kill()
  await phone.open('about:blank')
  await phone.running.addInitScript(shift, off)
  phone.running.on('page', (page) => watch(page, off))
  for (const page of phone.running.pages()) watch(page, off)
}

function watch(page: Page, off: number): void {
  page.on('worker', (worker) => void worker.evaluate(shift, off).catch(() => undefined))
}

function shift(off: number): void {
  const now = Date.now.bind(Date)
  Date.now = () => now() + off
}
