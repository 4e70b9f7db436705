// The heavier words of the township: hold it again, void it, open it again; each reaches the phone in words.
import type { Locator } from 'playwright-core'
import { CommandLine, marks } from './support/command_line.ts'
import { type Desk, signIn } from './support/desk.ts'
import { enrol, openPlanned, PLANNED, syncNow, visit } from './support/enrol.ts'
import type { Phone } from './support/phone.ts'
import { test } from './support/world.ts'

/** Opens the dialog of a review word on the record that stands open. */
async function ask(desk: Desk, word: string): Promise<Locator> {
  await desk.page.getByRole('complementary').getByRole('button', { name: word, exact: true }).click()
  return desk.page.getByRole('dialog', { name: word })
}

/** Says it, and waits until the five seconds for second thoughts are over and the record stands there. */
async function say(desk: Desk, dialog: Locator, word: string, comment: string, status: string): Promise<void> {
  await dialog.getByRole('textbox').fill(comment)
  await dialog.getByRole('button', { name: word, exact: true }).click()
  await desk.sees(/秒后生效/)
  await desk.page.getByRole('complementary').getByText(status, { exact: true }).first().waitFor()
  await desk.page.getByRole('complementary').getByText(comment).waitFor()
}

/** Synchronises and reads the part of the record where its review stands. */
async function readReview(phone: Phone): Promise<void> {
  await syncNow(phone)
  await visit(phone, '/')
  await openPlanned(phone, '提交')
}

test('to be held again with its reason, void, and open again: the phone reads each in words', async ({ server, deskOf, phoneOf }) => {
  const phone = phoneOf('包文明')
  await enrol(phone, server, 'recorder')
  const secretary = CommandLine.enrolled(server, 'secretary', '书记的手机')
  const record = secretary.planned()
  secretary.run('roll', record, '--mark', marks(1, 5, 'present'))
  secretary.run('submit', record)
  secretary.run('sync')

  const desk = deskOf('何雨晴')
  await desk.open(`/console/records/${record}`)
  await signIn(desk, 'officer')
  await desk.find('heading', PLANNED).waitFor()
  const redo = await ask(desk, '责令重开')
  await redo.getByRole('button', { name: '责令重开' }).click()
  await redo.getByRole('alert').getByText('请选一个原因。').waitFor()
  await redo.getByLabel('到会人数不足').check()
  await say(desk, redo, '责令重开', '请在本月内重新召开。', '责令重开')
  await desk.page.getByRole('complementary').getByText('到会人数不足').waitFor()
  await readReview(phone)
  await phone.sees('责令重开')
  await phone.sees('到会人数不足：请在本月内重新召开。')
  await phone.sees(/^何雨晴/)
  await phone.sees(/^提交由支部书记来做/)

  await say(desk, await ask(desk, '作废'), '作废', '这次没有开成。', '已作废')
  await readReview(phone)
  await phone.sees('已作废')
  await phone.sees('这次记录已经作废。要恢复，请联系乡镇党建办。')
  await phone.sees('作废，这次没有开成。')
  await phone.seesNo(/^提交由支部书记来做/)

  await say(desk, await ask(desk, '重新打开'), '重新打开', '请按实际情况补记。', '重新打开')
  await readReview(phone)
  await phone.sees('重新打开')
  await phone.sees('请按实际情况补记。')
})
