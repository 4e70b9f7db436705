// Item 2: an evening on two phones without signal, by thumb; its way to the district and back.
import { enrol, goTo, openPlanned, PLANNED, syncNow, visit } from './support/enrol.ts'
import { Official } from './support/official.ts'
import type { Phone } from './support/phone.ts'
import { expect, test } from './support/world.ts'

async function twoPhones(phoneOf: (owner: string) => Phone): Promise<{ secretary: Phone; recorder: Phone }> {
  return { secretary: phoneOf('王秀兰'), recorder: phoneOf('包文明') }
}

test('two phones record one evening without signal, it merges, the clash is settled, and the comment comes back to its field', async ({ server, phoneOf }) => {
  const { secretary, recorder } = await twoPhones(phoneOf)
  await enrol(secretary, server, 'secretary')
  await enrol(recorder, server, 'recorder', '大字')
  for (const phone of [secretary, recorder]) await phone.offline(true)

  await openPlanned(secretary, '到会')
  await rollAndUnmark(secretary)
  await goTo(secretary, '记录')
  await secretary.writes('会议记录', '学习党章。讨论修路。')
  await secretary.saved()
  await voteWithArithmetic(secretary)
  await followUp(secretary)
  await goTo(secretary, '计划')
  await secretary.writes('地点', '村部会议室')
  await secretary.saved()
  await secretary.seesNo(/^已上传$/)

  await openPlanned(recorder, '记录')
  await recorder.writes('会议记录', '会前清点人数。')
  await goTo(recorder, '计划')
  await recorder.writes('地点', '文化广场')
  await recorder.saved()

  for (const phone of [secretary, recorder]) await phone.offline(false)
  for (const phone of [secretary, recorder, secretary]) await syncNow(phone)

  await settle(secretary)
  await submit(secretary)
  await syncNow(recorder)
  await visit(recorder, '/')
  await openPlanned(recorder, '记录')
  for (const words of ['学习党章。讨论修路。', '会前清点人数。']) {
    expect(await recorder.page.getByLabel('会议记录', { exact: true }).inputValue()).toContain(words)
  }

  const officer = await Official.login(server, 'officer')
  const { items } = await officer.get('/v1/console/activities?limit=1')
  const { record } = items[0]
  await officer.review(record, { verb: 'returned', slot: 'about.paper_ref', comment: '请补记录本页码。' })
  await syncNow(secretary)
  await visit(secretary, '/')
  await secretary.sees('已退回，请补正')
  await openPlanned(secretary, '记录')
  // The words stand at the field that they are about.
  const field = secretary.page.locator('.field').filter({ has: secretary.page.getByLabel('记录本页码', { exact: true }) })
  await field.getByText('请补记录本页码。').waitFor()
  await secretary.writes('记录本页码', '第36页')
  await secretary.saved()
  await submit(secretary)
  expect((await officer.get(`/v1/console/records/${record}`)).about.paper_ref).toBe('第36页')
  await officer.review(record, { verb: 'filed' })
  await syncNow(secretary)
  await visit(secretary, '/')
  const line = secretary.page.getByRole('link', { name: PLANNED })
  await line.getByText('已备案').waitFor()
})

/** Everybody at once, then the two who were missed; grouped by party group. */
async function rollAndUnmark(phone: Phone): Promise<void> {
  await phone.sees('第一党小组')
  await phone.tap('全部到会')
  await phone.sees(/实到 \d+/)
  await phone.tap('李建国：请假')
  await phone.saved()
}

/** The arithmetic is live: more votes than voters is said at once, and does not stop anybody. */
async function voteWithArithmetic(phone: Phone): Promise<void> {
  await goTo(phone, '决议')
  await phone.tap('加一条决议')
  await phone.writes('决议1', '同意修路。')
  await phone.page.getByLabel('表决办法', { exact: true }).selectOption('general_vote')
  await phone.writes('赞成', '60')
  await phone.sees(/票数不对/)
  await phone.writes('赞成', '13')
  await phone.sees(/通过：赞成 13 票|没有通过：赞成 13 票/)
}

async function followUp(phone: Phone): Promise<void> {
  await goTo(phone, '后续')
  await phone.tap('加一项')
  await phone.writes('要办的事1', '备好砂石。')
  await phone.saved()
}

/** Both values with who wrote them, one button each. */
async function settle(phone: Phone): Promise<void> {
  await visit(phone, '/')
  await phone.sees('1 处两机不一致')
  await openPlanned(phone, '计划')
  await phone.sees('两部手机写得不一样')
  await phone.sees(/王秀兰.*写的/)
  await phone.sees(/包文明.*写的/)
  await phone.tap('用“村部会议室”')
  await phone.seesNo('两部手机写得不一样')
}

async function submit(phone: Phone): Promise<void> {
  await goTo(phone, '提交')
  await phone.tap(/^(提交给乡镇|补好了，再次提交)$/)
  await phone.sees('提交已保存到本机。联网上传后，乡镇才能看到。')
  await syncNow(phone)
}
