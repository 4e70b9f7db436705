// Half-typed words and forms: where the app is killed just after a saving, or the record is shut meanwhile.
import { diesAndOpens, drafts, keepsEveryDraft, keepsTheFirstDraft, staysOnTheList } from './support/drafts.ts'
import { enrol, goTo, openPlanned, visit } from './support/enrol.ts'
import { fileThePlanned } from './support/filed.ts'
import type { Phone } from './support/phone.ts'
import { expect, test } from './support/world.ts'

/** Types into the minutes, and leaves them before each further text, within one turn of the page: no saving is as fast. */
async function typesOn(phone: Phone, ...texts: string[]): Promise<void> {
  await minutes(phone).evaluate((field: HTMLTextAreaElement, texts) => {
    texts.forEach((text, n) => {
      if (n > 0) field.dispatchEvent(new Event('blur'))
      field.value = text
      field.dispatchEvent(new Event('input'))
    })
  }, texts)
}

const minutes = (phone: Phone) => phone.page.getByLabel('会议记录', { exact: true })

test('killed right after a saving, no words come back as if they were half written', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '计划')
  await keepsEveryDraft(phone)
  await phone.writes('地点', '村部会议室')
  await phone.saved()
  expect(await drafts(phone)).toBe(1)
  await diesAndOpens(phone, /\/plan$/)
  await expect.poll(() => phone.find('textbox', '地点').inputValue()).toBe('村部会议室')
  await staysOnTheList(phone)
})

test('killed right after it was made, an activity is not offered to be made again', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await visit(phone, '/new')
  await keepsEveryDraft(phone)
  await phone.tap('主题党日')
  await phone.writes('地点', '文化广场')
  await phone.tap('保存，去点名')
  await phone.page.waitForURL(/\/roll$/)
  const made = phone.page.url().replace(/\/roll$/, '')
  await diesAndOpens(phone, /\/a\//)
  expect(phone.page.url()).toContain(made)
  await staysOnTheList(phone)
})

test('killed right after it was saved, a claim is not offered to be saved again', async ({ server, phoneOf }) => {
  const phone = phoneOf('赵小梅')
  await enrol(phone, server, 'member')
  await phone.offline(true)
  await visit(phone, '/points/claim')
  await keepsEveryDraft(phone)
  await phone.page.getByLabel('哪一项', { exact: true }).selectOption({ label: '志愿服务' })
  await phone.writes('做了什么', '清扫文化广场')
  await phone.tap('保存申报')
  await phone.page.waitForURL(/\/points$/)
  await diesAndOpens(phone, /\/points$/)
  await phone.page.locator('li').filter({ hasText: '清扫文化广场' }).getByText(/待定/).waitFor()
  expect(await phone.page.locator('li').filter({ hasText: '清扫文化广场' }).count()).toBe(1)
  await staysOnTheList(phone)
})

test('half a correction survives the battery, and is not offered again once it is saved', async ({ server, phoneOf }) => {
  await fileThePlanned(server)
  const phone = phoneOf('包文明')
  await enrol(phone, server, 'recorder')
  await phone.offline(true)
  await openPlanned(phone, '提交')
  await phone.tap('写更正说明')
  await phone.find('textbox', '应当是').pressSequentially('会议记录缺了一')
  await expect.poll(() => drafts(phone)).toBe(1)
  await diesAndOpens(phone, /\/submit$/)
  expect(await phone.find('textbox', '应当是').inputValue()).toBe('会议记录缺了一')
  await keepsEveryDraft(phone)
  await phone.tap('保存更正说明')
  await phone.saved()
  await diesAndOpens(phone, /\/submit$/)
  await phone.find('button', '写更正说明').waitFor()
  expect(await phone.page.getByText('会议记录：会议记录缺了一').count()).toBe(1)
  await staysOnTheList(phone)
})

test('what is typed while the last words are being saved is written once', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '记录')
  await typesOn(phone, '学习党章。', '学习党章。讨论修路。', '学习党章。讨论修路。散会。')
  await minutes(phone).dispatchEvent('blur')
  await phone.saved()
  await phone.kill()
  await phone.open()
  await openPlanned(phone, '记录')
  expect(await minutes(phone).inputValue()).toBe('学习党章。讨论修路。散会。')
})

test('killed while the last words were being saved and others typed, the phone knows which of them it has', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '记录')
  await keepsTheFirstDraft(phone)
  await typesOn(phone, '学习党章。', '学习党章。讨论修路。')
  await phone.sees('已保存到本机，1 处待上传')
  await diesAndOpens(phone, /\/minutes$/)
  await phone.sees('上次写到这里，内容都在。')
  await minutes(phone).blur()
  await phone.saved()
  expect(await minutes(phone).inputValue()).toBe('学习党章。讨论修路。')
  await staysOnTheList(phone)
})

test('a step that is left and opened again while its words are being saved has them once', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '记录')
  await minutes(phone).pressSequentially('学习党章。')
  await expect.poll(() => drafts(phone)).toBe(1)
  // A core that takes a moment for everything.
  await phone.page.evaluate(() => {
    const post = Worker.prototype.postMessage
    Worker.prototype.postMessage = function (...words: unknown[]) {
      setTimeout(() => Reflect.apply(post, this, words), 500)
    }
  })
  await goTo(phone, '计划')
  await goTo(phone, '记录')
  await phone.saved()
  await minutes(phone).focus()
  await minutes(phone).blur()
  await staysOnTheList(phone)
  await openPlanned(phone, '记录')
  expect(await minutes(phone).inputValue()).toBe('学习党章。')
})

test('a tap right after typing costs neither the words nor what was tapped', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '后续')
  await phone.tap('加一项')
  await phone.page.getByLabel('要办的事1', { exact: true }).fill('修水渠')
  // The tap takes the focus from the field: both are saved, and each names the whole follow-up.
  await phone.tap('已经办完')
  await phone.saved()
  await phone.kill()
  await phone.open()
  await openPlanned(phone, '后续')
  expect(await phone.page.getByLabel('要办的事1', { exact: true }).inputValue()).toBe('修水渠')
  await phone.find('button', '✓ 已经办完').waitFor()
})

test('a count is not called saved before it is, and is saved when the app is hidden', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '决议')
  await phone.tap('加一条决议')
  await phone.writes('决议1', '同意修路。')
  await phone.page.getByLabel('表决办法', { exact: true }).selectOption('general_vote')
  await phone.saved()
  // A row of taps is one change, made a moment after the last: a moment that does not pass here.
  await phone.page.evaluate(() => {
    const wait = window.setTimeout
    window.setTimeout = ((work: () => void, ms?: number) => (ms === 600 ? 0 : wait(work, ms))) as typeof setTimeout
  })
  await phone.tap('赞成加一')
  await phone.sees('正在保存…')
  await phone.page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden' })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await phone.saved()
  await phone.kill()
  await phone.open()
  await openPlanned(phone, '决议')
  expect(await phone.find('textbox', '赞成').inputValue()).toBe('1')
})

test('half a sentence for a record that was filed meanwhile stays until its writer lets it go', async ({ server, phoneOf }) => {
  const phone = phoneOf('包文明')
  await enrol(phone, server, 'recorder')
  await phone.offline(true)
  await openPlanned(phone, '计划')
  await phone.find('textbox', '地点').pressSequentially('文化广')
  await expect.poll(() => drafts(phone)).toBe(1)
  await phone.kill()

  await fileThePlanned(server)
  await phone.offline(false)
  await phone.open()
  await phone.sees(/这里已不能改。下面这些字没有记进去/)
  await phone.sees('文化广')
  await phone.sees(/写成更正说明/)
  await phone.seesNo('正在写，自动留着')
  await phone.tap('不要这些字了')
  await phone.seesNo(/这里已不能改/)
  await phone.seesNo('文化广')
  await staysOnTheList(phone)
})
