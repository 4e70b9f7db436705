// An older year: not on a new phone, fetched when somebody wants it, kept for when there is no signal.
import { CommandLine } from './support/command_line.ts'
import { enrol, visit } from './support/enrol.ts'
import { look } from './support/looks.ts'
import { expect, test } from './support/world.ts'

test('the years before come when they are asked for, also if the signal is gone at that moment', async ({ server, phoneOf }) => {
  const last = new Date().getFullYear() - 1
  const secretary = CommandLine.enrolled(server, 'secretary', '书记的电脑')
  for (const month of ['03', '09']) {
    secretary.run('new-activity', '--kinds', 'theme_day', '--title', `${last}年${month}月主题党日`, '--at', `${last}-${month}-06T09:00`)
  }
  secretary.run('sync')

  const phone = phoneOf('包文明')
  await enrol(phone, server, 'recorder')
  const past = phone.find('region', '往年记录')
  await past.scrollIntoViewIfNeeded()
  const older = phone.page.getByText(`${last}年03月主题党日`)
  // From January to June the year before comes by itself.
  const byItself = new Date().getMonth() < 6
  expect(await older.count()).toBe(byItself ? 1 : 0)
  expect(await look(phone.page, 'phone/past_years-before', { target: 44 })).toEqual([])

  if (!byItself) {
    await phone.offline(true)
    await phone.tap(`取回 ${last} 年的记录`)
    await past.getByText(`现在没有信号，${last} 年的记录还没有取回`).waitFor()
    await phone.offline(false)
    // What was asked for without signal comes with the next synchronisation; the button is there for the impatient.
    await visit(phone, '/')
    await phone.tap('更早的活动')
    await older.first().waitFor({ timeout: 60_000 })
  }
  const next = byItself ? last - 2 : last - 1
  await phone.tap(`取回 ${next} 年的记录`)
  await past.getByText(`${next} 年没有活动记录。`).waitFor()
  expect(await look(phone.page, 'phone/past_years-after', { target: 44 })).toEqual([])

  await phone.offline(true)
  await phone.close()
  await phone.open()
  await phone.tap('更早的活动')
  await phone.sees(`${last}年03月主题党日`)
})
