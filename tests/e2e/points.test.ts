// Item 2, the points: claimed by the member, verified by the leader of his group, approved by the secretary; and what was
// refused comes back with its reason.
import { enrol, syncNow, visit } from './support/enrol.ts'
import type { Phone } from './support/phone.ts'
import { expect, test } from './support/world.ts'

async function claim(phone: Phone, matter: string): Promise<void> {
  await phone.tap('积分', 'tab')
  await phone.tap('申报积分')
  await phone.page.getByLabel('哪一项', { exact: true }).selectOption({ label: '志愿服务' })
  await phone.writes(/^多少/, '2')
  await phone.writes('做了什么', matter)
  await phone.tap('保存申报')
  await phone.find('heading', '积分').waitFor()
  await phone.page.locator('li').filter({ hasText: matter }).getByText(/待定/).waitFor()
}

test('a claim is provisional at once, verified, approved, and read by the member himself', async ({ server, phoneOf }) => {
  const [member, leader, secretary] = [phoneOf('赵小梅'), phoneOf('李建国'), phoneOf('王秀兰')]
  await enrol(member, server, 'member')
  await enrol(leader, server, 'leader2')
  await enrol(secretary, server, 'secretary')
  await member.offline(true)
  await claim(member, '清扫文化广场')
  await member.offline(false)
  await syncNow(member)

  for (const [phone, act] of [[leader, '核实'], [secretary, '审定']] as const) {
    await syncNow(phone)
    await visit(phone, '/points/judge')
    const card = phone.page.getByRole('region', { name: '赵小梅' }).filter({ hasText: '清扫文化广场' })
    await card.getByRole('button', { name: act }).tap()
    // A tap can be taken back for five seconds; only then it is saved.
    await phone.sees(new RegExp(`${act} 赵小梅的申报，5 秒后保存`))
    await card.waitFor({ state: 'hidden' })
    await phone.saved()
    await syncNow(phone)
  }

  await syncNow(member)
  await visit(member, '/points')
  const line = member.page.locator('li').filter({ hasText: '清扫文化广场' })
  await line.getByText('已确认').waitFor()
})

test('a tap on a claim can be taken back', async ({ server, phoneOf }) => {
  const [member, leader] = [phoneOf('赵小梅'), phoneOf('李建国')]
  await enrol(member, server, 'member')
  await enrol(leader, server, 'leader2')
  await claim(member, '修水渠')
  await syncNow(member)
  await syncNow(leader)
  await visit(leader, '/points/judge')
  await leader.tap('不予认可')
  await leader.tap('缺少佐证')
  await leader.tap('撤销')
  await leader.sees('已撤销，没有保存。')
  expect(await leader.page.getByText('修水渠').count()).toBeGreaterThan(0)
})
