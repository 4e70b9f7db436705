// Every page of the phone in every text size and both colours; and first, that a bad page would be noticed.
import { CommandLine, marks } from './support/command_line.ts'
import { enrol, openPlanned, syncNow, type TextSize, visit } from './support/enrol.ts'
import { look } from './support/looks.ts'
import { Official } from './support/official.ts'
import type { Phone } from './support/phone.ts'
import type { Server } from './support/server.ts'
import { expect, test } from './support/world.ts'

const SIZES: readonly (readonly [string, TextSize])[] = [['1', '标准'], ['1.25', '大字'], ['1.5', '特大']]
const THEMES = ['light', 'dark'] as const

/** The least that a thumb must be offered, in points. */
const TARGET = 48

/** Pages that anybody reaches by an address of their own. */
const PAGES: Record<string, string> = {
  months: '/',
  new: '/new',
  outbox: '/outbox',
  points: '/points',
  claim: '/points/claim',
  judge: '/points/judge',
  'notice-list': '/points/list',
  mine: '/mine',
  'self-check': '/mine/check',
  moving: '/mine/moving',
  feedback: '/mine/feedback',
  desktop: '/mine/desktop',
  nowhere: '/nowhere',
}
const STEPS = ['plan', 'roll', 'minutes', 'resolutions', 'followUps', 'photos', 'submit']

test('a page with cut text, small targets or faint words is noticed', async ({ phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await phone.open()
  await phone.page.evaluate(() => {
    const put = (tag: string, text: string, style: Partial<CSSStyleDeclaration>) => {
      const element = document.body.appendChild(document.createElement(tag))
      element.textContent = text
      Object.assign(element.style, style)
    }
    put('div', '学习党章，讨论修路', { width: '40px', overflow: 'hidden', whiteSpace: 'nowrap' })
    put('div', '通过修路的决议', { height: '8px', overflow: 'hidden' })
    put('button', '小', { width: '20px', height: '20px', padding: '0' })
    put('div', '看不清', { color: '#eee', background: '#fff' })
    put('div', '太宽', { width: '600px' })
  })
  const faults = (await look(phone.page, 'failed/on-purpose', { target: TARGET })).join('\n')
  for (const said of ['across', 'below', 'small target', 'color-contrast', 'scrolls sideways']) expect(faults).toContain(said)
})

for (const [factor, size] of SIZES) {
  test(`every page of the phone, text ${size}, by day and by night`, async ({ server, phoneOf }) => {
    const phone = phoneOf('包文明')
    const faults: string[] = []
    await phone.open(server.invite('recorder'))
    await dress(phone, factor, 'light')
    faults.push(...(await look(phone.page, `phone/${factor}-light/enrol`, { target: TARGET })))
    await phone.close()
    const record = await crowdedPhone(phone, server, size)
    for (const theme of THEMES) {
      await dress(phone, factor, theme)
      const pages = { ...PAGES, ...Object.fromEntries(STEPS.map((step) => [`step-${step}`, `/a/${record}/${step}`])) }
      for (const [name, path] of Object.entries(pages)) {
        await phone.page.goto(new URL(path, server.url).href)
        await ready(phone)
        faults.push(...(await look(phone.page, `phone/${factor}-${theme}/${name}`, { target: TARGET })))
      }
    }
    expect(faults).toEqual([])
  })
}

/** A phone with a clash, a field that was returned, and something that waits. */
async function crowdedPhone(phone: Phone, server: Server, size: TextSize): Promise<string> {
  await enrol(phone, server, 'recorder', size)
  await phone.offline(true)
  await openPlanned(phone, '计划')
  await phone.writes('地点', '文化广场')
  await phone.saved()
  const secretary = CommandLine.enrolled(server, 'secretary', '书记的手机')
  const record = secretary.planned()
  secretary.run('roll', record, '--mark', marks(1, 20, 'present'))
  secretary.run('set', record, 'place', '村部会议室')
  secretary.run('resolution', record, '--text', '同意修路。', '--decision', 'general_vote', '--yes', '60', '--no', '2')
  secretary.run('follow-up', record, '--text', '备好砂石。', '--owner', '5', '--due', '2026-12-10')
  secretary.run('submit', record)
  secretary.run('sync')
  const officer = await Official.login(server, 'officer')
  await officer.review(record, { verb: 'returned', slot: 'about.paper_ref', comment: '请补记录本页码。' })
  await phone.offline(false)
  await syncNow(phone)
  await phone.offline(true)
  await visit(phone, '/')
  await openPlanned(phone, '记录')
  await phone.writes('会议记录', '学习党章。讨论修路。')
  await phone.saved()
  return record
}

async function dress(phone: Phone, factor: string, theme: string): Promise<void> {
  await phone.page.evaluate(([chosen, colour]) => {
    localStorage.setItem('zhibu.text', chosen)
    localStorage.setItem('zhibu.theme', colour)
  }, [factor, theme] as const)
  await phone.page.reload()
  await phone.page.locator('h1').first().waitFor()
}

/** The core is up and nothing on the page says that it is still being opened. */
async function ready(phone: Phone): Promise<void> {
  await phone.page.locator('h1').first().waitFor()
  await phone.page.getByText(/^正在打开/).first().waitFor({ state: 'hidden' })
}

