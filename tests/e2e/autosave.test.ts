// Item 3: what was typed survives the battery, and each word about where it is is true.
import { enrol, openPlanned, syncNow, visit } from './support/enrol.ts'
import { expect, test } from './support/world.ts'

/** What is promised: the phone may die this long after a key. */
const AUTOSAVE_MS = 500

test('killed in mid-word, the phone opens without signal at the very words, step and cursor', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '记录')
  const minutes = () => phone.page.getByLabel('会议记录', { exact: true })
  const text = `${'学习党章第一章。\n'.repeat(40)}讨论修`
  await minutes().fill(text.slice(0, -3))
  await minutes().press('ControlOrMeta+End')
  await minutes().pressSequentially('讨论修')
  const before = await stance(phone.page)
  // The promise is about time, so that here time passes and nothing else.
  await new Promise((resolve) => setTimeout(resolve, AUTOSAVE_MS))
  await phone.kill()
  await phone.open()
  await phone.sees('上次写到这里，内容都在。')
  expect(await minutes().inputValue()).toBe(text)
  expect(await stance(phone.page)).toEqual(before)
  expect(phone.page.url()).toContain('/minutes')
})

test('saved, uploaded, filed: each word comes when it is true and not before', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '计划')
  await phone.writes('地点', '村部会议室')
  await phone.saved()
  // Durable means: the battery may fall out now.
  await phone.kill()
  await phone.open()
  await phone.sees(/已保存到本机，1 处待上传/)
  await phone.seesNo(/^已上传$/)
  await visit(phone, '/outbox')
  await phone.sees(/待上传 1 处，共 \d+/)
  await phone.sees('村部会议室')
  await phone.seesNo(/^已上传$/)
  const last = phone.page.locator('div').filter({ has: phone.find('heading', '上次同步成功') }).last()
  const before = await last.innerText()
  await phone.tap('立即上传')
  expect(await last.innerText(), 'an attempt is no success').toBe(before)
  await phone.offline(false)
  await syncNow(phone)
  await phone.sees('没有待上传的内容。')
})

/** Where the cursor stands and how far page and field are scrolled. */
function stance(page: import('playwright-core').Page): Promise<unknown> {
  return page.evaluate(() => {
    const field = document.activeElement as HTMLTextAreaElement
    return { cursor: field.selectionStart, field: field.scrollTop, page: scrollY }
  })
}
