// The phone dies at any moment of typing, saving, synchronising and updating: what its page called saved is there
// afterwards, and reaches the server once. ZHIBU_KILLS says how often (20), ZHIBU_SEED at which moments.
import { newerBuild } from './support/builds.ts'
import { CommandLine } from './support/command_line.ts'
import { enrol, openPlanned, syncNow, visit } from './support/enrol.ts'
import { Moments } from './support/moments.ts'
import type { Phone } from './support/phone.ts'
import { DIST } from './support/places.ts'
import type { Server } from './support/server.ts'
import { expect, test } from './support/world.ts'

const KILLS = Number(process.env.ZHIBU_KILLS ?? 20)
/** How long it may live: from the first key to well past the upload. */
const LONGEST_MS = 900
/** A whole start and its check; a machine that builds something beside is slow. */
const EACH_MS = 15_000

test('killed at any moment, the phone has whatever it called saved, and the server gets it once', async ({ server, phoneOf }) => {
  const moments = new Moments(Number(process.env.ZHIBU_SEED ?? 1))
  const builds = [DIST, newerBuild()]
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  // From the second start on it is the service worker that answers.
  await visit(phone, '/')
  await openPlanned(phone, '计划')
  const plan = new URL(phone.page.url()).pathname
  const saved: string[] = []
  let stands = await place(phone).inputValue()
  for (let kill = 0; kill < KILLS; kill += 1) {
    const text = `第${kill + 1}会议室`
    const isUpdating = kill % 5 === 4
    if (isUpdating) await renew(server, builds[((kill + 1) / 5) % 2] ?? DIST)
    await phone.offline(kill % 4 === 3)
    const life = live(phone, text, kill % 2 === 0, isUpdating)
    await moments.pass(LONGEST_MS)
    const wasSaved = life.isSaved()
    if (kill % 3 === 2) {
      await phone.kill()
      await phone.open(plan)
    } else {
      await phone.crash()
      await visit(phone, plan)
    }
    await life.end
    await place(phone).waitFor()
    const after = await place(phone).inputValue()
    const words = `kill ${kill + 1}: “${stands}”, then “${text}”${wasSaved ? ', which was called saved' : ''}`
    if (wasSaved) expect(after, words).toBe(text)
    else expect(after === stands || text.startsWith(after), `${words}; found “${after}”`).toBe(true)
    if (wasSaved) saved.push(text)
    stands = after
  }
  await phone.offline(false)
  await visit(phone, plan)
  // What was half-typed is left, and thereby saved.
  await place(phone).focus()
  await place(phone).blur()
  await syncNow(phone)
  await phone.sees('没有待上传的内容。')
  const officer = CommandLine.enrolled(server, 'officer', '党建办的电脑')
  const history = officer.run('history', officer.planned(), 'about.place').map((line: { value: string }) => line.value)
  for (const text of saved) expect(history.filter((value: string) => value === text), `of ${JSON.stringify(history)}`).toEqual([text])
  console.log(`killed ${KILLS} times; called saved ${saved.length} times, all of them kept`)
  expect(saved.length).toBeGreaterThan(KILLS / 10)
}, 120_000 + KILLS * EACH_MS)

const place = (phone: Phone) => phone.page.getByLabel('地点', { exact: true })

/** The server comes back with another build of the pages. */
async function renew(server: Server, build: string): Promise<void> {
  await server.kill()
  await server.start(build)
}

/** Types, leaves the field, and goes on to upload or update, until the phone dies under it. */
function live(phone: Phone, text: string, atOnce: boolean, isUpdating: boolean): { isSaved: () => boolean; end: Promise<void> } {
  let isSaved = false
  const { page } = phone
  const field = page.getByLabel('地点', { exact: true })
  const way = async () => {
    if (isUpdating) void page.evaluate(async () => (await navigator.serviceWorker.ready).update()).catch(() => undefined)
    if (atOnce) await field.fill(text)
    else {
      await field.selectText()
      await field.pressSequentially(text)
    }
    await field.blur()
    await page.locator('.save.saved').waitFor()
    isSaved = true
    if (!isUpdating) return
    await page.getByRole('button', { name: '返回' }).tap()
    await page.getByRole('button', { name: '更新' }).tap()
  }
  // It ends with the page, at whatever step it is.
  return { isSaved: () => isSaved, end: way().catch(() => undefined) }
}
