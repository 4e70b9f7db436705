// Item 1: two phones of a branch come in by their links, and start from cold without signal.
import { enrol, PLANNED } from './support/enrol.ts'
import { figure, median, sinceStart, slowness } from './support/figures.ts'
import { expect, test } from './support/world.ts'

/** A second on a slow phone; measured three times, since one measurement is an anecdote. */
const GOAL_MS = 1000
const STARTS = 3

test('two phones enrol, lose the signal, and each starts cold to this month in a second at a quarter of the speed', async ({ server, phoneOf }) => {
  const phones = [
    { phone: phoneOf('王秀兰'), account: 'secretary', size: '特大', factor: '1.5' },
    { phone: phoneOf('包文明'), account: 'recorder', size: '标准', factor: '1' },
  ] as const
  for (const { phone, account, size } of phones) await enrol(phone, server, account, size)
  for (const { phone, factor } of phones) {
    await phone.offline(true)
    await phone.kill()
    await phone.slow(4)
    const starts: number[] = []
    for (let start = 0; start < STARTS; start += 1) {
      await phone.open()
      starts.push(await sinceStart(phone.page, PLANNED))
      await phone.sees(PLANNED)
      await phone.sees('离线中，照常填写，联网后自动上传')
      const size = await phone.page.evaluate(() => document.documentElement.style.getPropertyValue('--fs'))
      expect(size, 'the text size that was chosen').toBe(factor)
      await phone.kill()
    }
    figure(`${phone.owner}: cold start without signal to the list, processor 4 times slower`, median(starts), GOAL_MS)
    expect(median(starts)).toBeLessThanOrEqual(slowness() * GOAL_MS)
  }
})

test('an invite is good for one phone, and the second one is told whom to ask', async ({ server, phoneOf }) => {
  const [first, second] = [phoneOf('王秀兰'), phoneOf('再来一部')]
  await enrol(first, server, 'secretary')
  await second.open(server.invite('secretary'))
  await second.tap('开始使用')
  const said = second.page.getByRole('alert')
  await said.waitFor()
  expect(await said.innerText()).toMatch(/邀请.*(用过|失效|过期).*(新的|重新|再)/)
})

test('without signal the link waits for one', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  // The signal may go before the page has all its parts: then fetching them fails, which is no fault.
  phone.troubles.expect(/when fetching the script/)
  await phone.open(server.invite('secretary'))
  await phone.find('button', '开始使用').waitFor()
  await phone.offline(true)
  await phone.tap('开始使用')
  // The sentence stands there as soon as the signal goes; that the try has ended, only the button says.
  await phone.find('button', '开始使用').waitFor()
  await phone.sees(/登记要联网/)
  await phone.offline(false)
  await phone.tap('开始使用')
  await phone.sees('王秀兰，您好')
})
