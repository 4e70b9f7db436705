// Item 2, refused work: it drops out of the record with its reason, costs nothing else, is corrected and sent again.
import { diesAndOpens, keepsEveryDraft } from './support/drafts.ts'
import { enrol, openPlanned, syncNow, visit } from './support/enrol.ts'
import { fileThePlanned } from './support/filed.ts'
import type { Official } from './support/official.ts'
import type { Phone } from './support/phone.ts'
import type { Server } from './support/server.ts'
import { expect, test } from './support/world.ts'

/** A record that was filed while its recorder was away, and what he wrote into it meanwhile and brings now. */
async function lateEdit(server: Server, recorder: Phone): Promise<{ record: string; officer: Official }> {
  await enrol(recorder, server, 'recorder')
  await recorder.offline(true)

  const filed = await fileThePlanned(server)

  await openPlanned(recorder, '计划')
  await recorder.writes('地点', '文化广场')
  await recorder.saved()
  await recorder.offline(false)
  await visit(recorder, '/outbox')
  await recorder.tap('立即上传')
  await recorder.sees('没有被接受 1 处')
  await recorder.sees('文化广场')
  await recorder.sees(/更正/)
  return filed
}

test('a late edit of a filed record comes back with its reason, and goes through when it is sent again once the record is open', async ({ server, phoneOf }) => {
  const recorder = phoneOf('包文明')
  const { record, officer } = await lateEdit(server, recorder)
  await officer.review(record, { verb: 'reopened' })
  await syncNow(recorder)
  await recorder.tap('再交一次')
  await recorder.seesNo('没有被接受 1 处')
  await syncNow(recorder)
  expect((await officer.get(`/v1/console/records/${record}`)).about.place).toBe('文化广场')
})

test('half a correction of what was not accepted survives the battery', async ({ server, phoneOf }) => {
  const recorder = phoneOf('包文明')
  await lateEdit(server, recorder)
  await recorder.tap('改成“更正说明”再交')
  const field = recorder.find('textbox', '改好后按“再交”。')
  await field.fill('')
  await field.pressSequentially('地点应当是文')
  // The promise is about time, so that here time passes and nothing else.
  await new Promise((resolve) => setTimeout(resolve, 500))
  await diesAndOpens(recorder, /\/outbox$/)
  const again = recorder.find('textbox', '改好后按“再交”。')
  await again.waitFor()
  expect(await again.inputValue()).toBe('地点应当是文')
  await keepsEveryDraft(recorder)
  await recorder.tap('改了再交')
  await recorder.seesNo('没有被接受 1 处')
  // The words are left behind, and no field for them: nobody is led there for ever.
  for (let n = 0; n < 3; n += 1) await diesAndOpens(recorder, /\/outbox$/)
  await diesAndOpens(recorder, /\/$/)
  await visit(recorder, '/')
  await openPlanned(recorder, '提交')
  await recorder.sees('地点：地点应当是文')
})

test('a late edit of a filed record is turned into a correction by thumb, uploaded, and stands beside what was filed', async ({ server, phoneOf }) => {
  const recorder = phoneOf('包文明')
  const { record, officer } = await lateEdit(server, recorder)
  await recorder.tap('改成“更正说明”再交')
  await recorder.writes('改好后按“再交”。', '地点应当是文化广场。')
  await recorder.tap('改了再交')
  await recorder.seesNo('没有被接受 1 处')
  await recorder.sees('待上传 1 处')
  await syncNow(recorder)
  await recorder.sees('没有待上传的内容。')
  const filed = await officer.get(`/v1/console/records/${record}`)
  expect(filed.status).toBe('filed')
  expect(filed.about.place ?? null, 'what was filed is as it was').toBe(null)
  expect(filed.amendments).toMatchObject([{ slot: 'about.place', text: '地点应当是文化广场。' }])
  await visit(recorder, '/')
  await openPlanned(recorder, '提交')
  await recorder.sees('地点：地点应当是文化广场。')
})
