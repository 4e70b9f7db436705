// The desk that keeps the district: accounts, invites, devices, refused work, the rule book.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { CommandLine } from './support/command_line.ts'
import { type Desk, signIn } from './support/desk.ts'
import { enrol, enrolBy, openPlanned, PLANNED, visit } from './support/enrol.ts'
import type { Phone } from './support/phone.ts'
import { ROOT } from './support/places.ts'
import { scan } from './support/scan.ts'
import { expect, test } from './support/world.ts'

const BRANCH = '白桦嘎查党支部'
const BOOK = readFileSync(join(ROOT, 'domain/data/QL-2026-V1.toml'), 'utf8')

/** Opens a list of choices and clicks one. */
async function choose(desk: Desk, field: Locator, choice: string): Promise<void> {
  // The field itself lies behind its words: the mouse hits the frame around both, as a person's does.
  await field.locator('xpath=ancestor::*[contains(@class, "el-select__wrapper")]').click()
  const list = desk.page.locator(`[id="${await field.getAttribute('aria-controls')}"]`)
  await list.getByRole('option', { name: choice, exact: true }).click()
}

/** Asked once, and once more in the same place. */
async function twice(within: Locator, act: string, sure: string): Promise<void> {
  await within.getByRole('button', { name: act, exact: true }).click()
  await within.getByRole('group', { name: act }).getByRole('button', { name: sure }).click()
}

async function openDesk(desk: Desk, login: string, path: string): Promise<void> {
  await desk.open(path)
  await signIn(desk, login)
}

/** Writes the place of the planned activity where there is no signal. */
async function writePlace(phone: Phone, place: string): Promise<void> {
  await phone.offline(true)
  await openPlanned(phone, '计划')
  await phone.writes('地点', place)
  await phone.saved()
}

/** Back under a signal, uploads by thumb. */
async function upload(phone: Phone): Promise<void> {
  await phone.offline(false)
  await visit(phone, '/outbox')
  await phone.tap('立即上传')
}

test('a new recorder gets an account, a post and an invite, and the phone that opens it has the branch', async ({ deskOf, phoneOf }) => {
  const desk = deskOf('管理员')
  await openDesk(desk, 'admin', '/console/accounts')
  await desk.click('开通账号')
  const form = desk.page.getByRole('dialog', { name: '开通账号' })
  await form.getByLabel('姓名').fill('韩雪松')
  const [home, at] = [form.getByRole('combobox', { name: '所属组织' }).first(), form.getByRole('combobox', { name: '所属组织' }).last()]
  await choose(desk, home, BRANCH)
  await form.getByRole('button', { name: '开通', exact: true }).click()
  await form.getByRole('alert').getByText('请选职务。').waitFor()
  await choose(desk, at, BRANCH)
  await choose(desk, form.getByRole('combobox', { name: '职务' }), '支部记录人')
  await form.getByRole('button', { name: '添加职务' }).click()
  await form.getByText(`${BRANCH} · 支部记录人`).waitFor()
  await form.getByRole('button', { name: '开通', exact: true }).click()

  const drawer = desk.page.getByRole('dialog', { name: '韩雪松' })
  await drawer.getByText('还没有登记设备。').waitFor()
  await drawer.getByLabel('这台设备是').fill('记录人的新手机')
  await drawer.getByRole('button', { name: '生成邀请' }).click()
  const link = await drawer.locator('code').innerText()
  expect(await scan(drawer.getByRole('img', { name: '邀请二维码' }))).toBe(link)

  const phone = phoneOf('韩雪松')
  await enrolBy(phone, link)
  await phone.sees(PLANNED)
  await writePlace(phone, '文化广场')
  await upload(phone)
  await phone.sees('没有待上传的内容。')

  await desk.page.reload()
  await desk.page.getByLabel('按姓名或用户名找').fill('韩雪松')
  await desk.click('韩雪松')
  await desk.page.getByRole('dialog', { name: '韩雪松' }).getByText(/最近联系/).waitFor()
})

test('what a stopped phone still held comes by file, is kept by the township in plain words, and is put aside', async ({ server, deskOf, phoneOf }) => {
  const phone = phoneOf('包文明')
  await enrol(phone, server, 'recorder')
  await writePlace(phone, '文化广场')

  const desk = deskOf('管理员')
  await openDesk(desk, 'admin', '/console/devices')
  await desk.page.getByLabel('按姓名、组织或设备找').fill('包文明')
  const row = desk.page.getByRole('row').filter({ hasText: '包文明' })
  await row.filter({ hasText: BRANCH }).waitFor()
  await twice(row, '停用', '确定停用')
  await row.getByText(/停用$/).waitFor()

  await upload(phone)
  await phone.sees('这部手机已被停用，不能再上传：请把没上传的存成文件交给乡镇党建办，由他们照着补录。')
  await phone.sees(/^待上传 1 处/)
  await phone.sees(/文化广场/)
  const download = phone.page.waitForEvent('download')
  await phone.tap('存成文件')
  const file = await (await download).path()

  const laptop = CommandLine.enrolled(server, 'officer', '党建办的电脑')
  expect(laptop.run('carry', file)).toEqual({ kept: 1, known: 0 })
  expect(laptop.run('sync').delivered).toBe(1)
  expect(laptop.run('carry', file)).toEqual({ kept: 0, known: 1 })

  await desk.click('拒收内容', 'link')
  const kept = desk.page.getByRole('row').filter({ hasText: '包文明' })
  await kept.getByText('这台手机已被停用。内容还在本机，请联系乡镇党建办。').waitFor()
  await kept.getByText('由何雨晴代传').waitFor()
  await kept.getByRole('button').click()
  const drawer = desk.page.getByRole('dialog', { name: '拒收内容' })
  await drawer.getByText(`活动记录 · ${BRANCH}`).waitFor()
  await drawer.getByText('地点 写成“文化广场”').waitFor()
  await drawer.getByText(/^整份送来的内容不能直接收下/).waitFor()
  expect(await drawer.getByRole('button', { name: '收下' }).count(), 'what the server never does is not offered').toBe(0)
  await twice(drawer, '搁置', '确定搁置')
  await drawer.getByRole('status').getByText(/^已搁置/).waitFor()
  await kept.getByText(/^已搁置/).waitFor()
})

test('what a former recorder brings late is admitted by the township, and stands in the record under his name', async ({ server, deskOf, phoneOf }) => {
  const phone = phoneOf('包文明')
  await enrol(phone, server, 'recorder')
  await writePlace(phone, '文化广场')

  const admin = deskOf('管理员')
  await openDesk(admin, 'admin', '/console/accounts')
  await admin.page.getByLabel('按姓名或用户名找').fill('包文明')
  await admin.click('包文明')
  const account = admin.page.getByRole('dialog', { name: '包文明' })
  await account.getByRole('button', { name: `去掉：${BRANCH} · 支部记录人` }).click()
  await account.getByRole('button', { name: '保存职务' }).click()
  await account.getByText('职务已保存。').waitFor()

  await upload(phone)
  await phone.sees('没有被接受 1 处')
  await phone.sees(/您现在没有权限修改这一项/)
  await phone.sees(/文化广场/)

  const officer = deskOf('何雨晴')
  await openDesk(officer, 'officer', '/console/quarantine')
  const row = officer.page.getByRole('row').filter({ hasText: '包文明' })
  await row.getByText('待处理').waitFor()
  await row.getByRole('button', { name: '活动记录' }).click()
  const drawer = officer.page.getByRole('dialog', { name: '拒收内容' })
  await drawer.getByText('您现在没有权限修改这一项。内容已保留，可请支部书记或乡镇党建办处理。').waitFor()
  await drawer.getByText('地点 写成“文化广场”').waitFor()
  await twice(drawer, '收下', '确定收下')
  await drawer.getByRole('status').getByText(/^已收下，何雨晴/).waitFor()

  await drawer.getByRole('link').click()
  await officer.click('“地点”的来历')
  const history = officer.page.getByRole('dialog', { name: '“地点”的来历' })
  for (const words of ['文化广场', /包文明/]) await history.getByText(words).first().waitFor()
})

test('a rule book with a fault is refused line by line, and adopted once it is mended', async ({ deskOf }) => {
  const renewed = BOOK.replace('id = "QL-2026-V1"', 'id = "QL-2026-V2"')
  const wrong = renewed.replace('cycle_start_month = 1', 'cycle_start_month = 13')
  const line = wrong.split('\n').indexOf('cycle_start_month = 13') + 1
  const desk = deskOf('管理员')
  await openDesk(desk, 'admin', '/console/rule-book')
  await desk.sees(/（QL-2026-V1）/)
  const main = desk.page.getByRole('main')
  await desk.page.getByLabel('选文件').setInputFiles({ name: 'QL-2026-V2.toml', mimeType: 'text/plain', buffer: Buffer.from(wrong) })
  await desk.sees('QL-2026-V2.toml')
  await twice(main, '采用', '确定采用')
  const faults = desk.page.getByRole('alert')
  await faults.getByText('有 1 处要改').waitFor()
  await faults.getByRole('listitem').filter({ hasText: `第 ${line} 行` }).waitFor()
  await desk.sees(/现在执行的办法.*（QL-2026-V1）/)

  await desk.page.getByLabel('或者把内容贴在这里').fill(renewed)
  await twice(main, '采用', '确定采用')
  await desk.sees(/^已采用：.*（QL-2026-V2）/)
  await faults.waitFor({ state: 'hidden' })
  await desk.page.reload()
  await desk.sees(/现在执行的办法.*（QL-2026-V2）/)
})
