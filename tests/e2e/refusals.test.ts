// Item 2, refused work: it drops out of the record with its reason, costs nothing else, is corrected and sent again.
import { CommandLine, marks } from './support/command_line.ts'
import { enrol, openPlanned, syncNow, visit } from './support/enrol.ts'
import { Official } from './support/official.ts'
import { expect, test } from './support/world.ts'

test('a late edit of a filed record comes back with its reason, and goes through when it is sent again once the record is open', async ({ server, phoneOf }) => {
  const recorder = phoneOf('包文明')
  await enrol(recorder, server, 'recorder')
  await recorder.offline(true)

  const secretary = CommandLine.enrolled(server, 'secretary', '书记的手机')
  const record = secretary.planned()
  secretary.run('roll', record, '--mark', marks(1, 31, 'present'))
  secretary.run('submit', record)
  secretary.run('sync')
  const officer = await Official.login(server, 'officer')
  await officer.review(record, { verb: 'filed' })

  // He was away all the time, and writes on into what was filed meanwhile.
  await openPlanned(recorder, '计划')
  await recorder.writes('地点', '文化广场')
  await recorder.sees('已保存到本机')
  await recorder.offline(false)
  await visit(recorder, '/outbox')
  await recorder.tap('立即上传')
  await recorder.sees('没有被接受 1 处')
  await recorder.sees('文化广场')
  await recorder.sees(/更正/)

  await officer.review(record, { verb: 'reopened' })
  await syncNow(recorder)
  await recorder.tap('再交一次')
  await recorder.seesNo('没有被接受 1 处')
  await syncNow(recorder)
  expect((await officer.get(`/v1/console/records/${record}`)).about.place).toBe('文化广场')
})
