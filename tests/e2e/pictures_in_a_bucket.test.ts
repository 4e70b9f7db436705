// Pictures that lie in a bucket: the phone is sent there, and nothing of who it is goes with it.
import { onTestFinished } from 'vitest'
import { Bucket } from './support/bucket.ts'
import { enrol, openPlanned, syncNow } from './support/enrol.ts'
import { photoWithPlace } from './support/photo.ts'
import { expect, test } from './support/world.ts'

test('another phone sees a photo that the server only points to', async ({ server, phoneOf }) => {
  const bucket = await Bucket.start()
  onTestFinished(() => bucket.end())
  await server.restartWith(bucket.words, bucket.keys)
  const [taker, reader] = [phoneOf('王秀兰'), phoneOf('包文明')]
  await enrol(taker, server, 'secretary')
  await openPlanned(taker, '照片')
  const buffer = await photoWithPlace(taker.page, 2000, 1500)
  await taker.page.getByLabel('拍照或选照片').setInputFiles({ name: 'IMG_0001.jpg', mimeType: 'image/jpeg', buffer })
  await taker.find('region', '第 1 张照片').waitFor()
  await syncNow(taker)
  await expect.poll(() => bucket.asked.filter((line) => line.startsWith('PUT') && line.includes('/whole/')).length).toBe(2)

  for (const browser of [reader, taker]) browser.troubles.expect(new RegExp(`request to a stranger: ${bucket.origin}/`))
  await enrol(reader, server, 'recorder')
  await openPlanned(reader, '照片')
  const sent = reader.running.waitForEvent('request', (request) => request.url().startsWith(bucket.origin))
  const image = reader.find('region', '第 1 张照片').locator('img')
  await expect.poll(() => image.evaluate((shown: HTMLImageElement) => shown.naturalWidth), { timeout: 20_000 }).toBeGreaterThan(0)
  const headers = await (await sent).allHeaders()
  expect(headers['authorization'], 'the token stays with our own server').toBeUndefined()
  expect(headers['cookie']).toBeUndefined()
  expect(bucket.asked.filter((line) => line.startsWith('OPTIONS')), 'a phone needs no permission beside that to read').toEqual([])
})
