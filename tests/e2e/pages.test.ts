// The pages come from the server's own address, keep themselves for days without signal, and obey their policy.
import { expect, test } from './support/world.ts'

test('the phone keeps its pages and starts cold without signal', async ({ phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await phone.open()
  await phone.sees('支部簿')
  await phone.kept()
  await phone.kill()
  await phone.offline(true)
  await phone.open()
  expect(await phone.page.evaluate(() => navigator.onLine)).toBe(false)
  await phone.sees('支部簿')
})

test('without signal nothing reaches the server, from page or worker', async ({ phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await phone.open()
  await phone.kept()
  await phone.offline(true)
  const answer = await phone.page.evaluate(() => fetch('/v1/nothing').then(String, () => 'no signal'))
  expect(answer).toBe('no signal')
  await phone.offline(false)
  expect(await phone.page.evaluate(async () => (await fetch('/v1/nothing')).status)).not.toBe(0)
})

test('the console is served with its own policy', async ({ server, deskOf }) => {
  const desk = deskOf('审阅人')
  await desk.open()
  await desk.sees('审阅台')
  const policy = (await fetch(`${server.url}/console/`)).headers.get('content-security-policy')
  expect(policy).toContain("script-src 'self'")
  expect(policy).not.toContain('unsafe')
})

test('a page that breaks its policy or asks a stranger fails its test', async ({ phoneOf }) => {
  const phone = phoneOf('赵小梅')
  await phone.open()
  await phone.page.evaluate(() => fetch('https://example.invalid/').catch(() => undefined))
  await phone.page.evaluate(() => document.body.setAttribute('style', 'color: red'))
  await expect.poll(() => trouble(() => phone.troubles.demandNone('赵小梅'))).toMatch(/stranger|policy/)
  phone.troubles.expect(/stranger|policy|Refused|Content Security Policy/)
})

function trouble(what: () => void): string {
  try {
    what()
    return ''
  } catch (error) {
    return String(error)
  }
}
