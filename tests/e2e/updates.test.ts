// A new version comes while work waits and a second window is open: the work is there afterwards, and is sent once.
// ZHIBU_UPDATES says how often (3).
import type { Page } from 'playwright-core'
import { newerBuild } from './support/builds.ts'
import { CommandLine } from './support/command_line.ts'
import { enrol, openPlanned, syncNow, visit } from './support/enrol.ts'
import type { Phone } from './support/phone.ts'
import { DIST } from './support/places.ts'
import type { Server } from './support/server.ts'
import { expect, test } from './support/world.ts'

const UPDATES = Number(process.env.ZHIBU_UPDATES ?? 3)
/** Two starts, two uploads and an installation; a machine that builds something beside is slow. */
const EACH_MS = 20_000

test('an update with unsent work and a second window open loses nothing', async ({ server, phoneOf }) => {
  const builds = [DIST, newerBuild()]
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  // From the second start on it is the service worker that answers.
  await visit(phone, '/')
  await openPlanned(phone, '计划')
  const plan = new URL(phone.page.url()).pathname
  const second = await phone.running.newPage()
  await second.goto(phone.page.url())
  const saved: string[] = []
  for (let update = 1; update <= UPDATES; update += 1) {
    await install(phone, server, builds[update % 2] ?? DIST)
    await phone.offline(true)
    // Now this window writes, now the other one, which keeps the page of the first day.
    for (const [page, name] of update % 2 === 0 ? [[phone.page, '甲'], [second, '乙']] as const : [[second, '乙'], [phone.page, '甲']] as const) {
      const text = `第${update}间${name}`
      await write(page, text)
      saved.push(text)
    }
    await takePen(phone.page)
    await phone.tap('返回')
    // Without waiting for the reload that follows from it: that is what is looked at next.
    await phone.find('button', '更新').first().dispatchEvent('click')
    await expect.poll(() => phone.page.evaluate(() => document.documentElement.dataset.build ?? '').catch(() => null)).toBe(update % 2 === 0 ? '' : 'newer')
    await visit(phone, plan)
    await takePen(phone.page)
    expect(await place(phone.page).inputValue(), `after update ${update}`).toBe(saved.at(-1))
    await phone.offline(false)
    await syncNow(phone)
    await phone.sees('没有待上传的内容。')
    await visit(phone, plan)
  }
  const officer = CommandLine.enrolled(server, 'officer', '党建办的电脑')
  const history = officer.run('history', officer.planned(), 'about.place').map((line: { value: string }) => line.value)
  for (const text of saved) expect(history.filter((value: string) => value === text), JSON.stringify(history)).toEqual([text])
  console.log(`updated ${UPDATES} times; called saved ${saved.length} times, all of them kept`)
}, 60_000 + UPDATES * EACH_MS)

const place = (page: Page) => page.getByLabel('地点', { exact: true })

/** The server comes back with another build of the pages, and the phone has it ready. */
async function install(phone: Phone, server: Server, build: string): Promise<void> {
  await server.kill()
  await server.start(build)
  await phone.page.evaluate(async () => (await navigator.serviceWorker.ready).update())
  await phone.page.waitForFunction(async () => (await navigator.serviceWorker.ready).waiting !== null)
}

/** Goes on in this window if the other one writes. */
async function takePen(page: Page): Promise<void> {
  const take = page.getByRole('button', { name: '在这里继续' })
  await place(page).or(take).first().waitFor()
  if (await take.isVisible()) await take.tap()
  await place(page).waitFor()
}

async function write(page: Page, text: string): Promise<void> {
  await takePen(page)
  await place(page).fill(text)
  await place(page).blur()
  await page.locator('.save.saved').waitFor()
}
