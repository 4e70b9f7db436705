// Item 4: photos are optional, small, stripped of what the camera added, come after the text, and survive a kill.
import { enrol, openPlanned, syncNow } from './support/enrol.ts'
import { Official } from './support/official.ts'
import { photoWithPlace } from './support/photo.ts'
import { expect, test } from './support/world.ts'

const LONGEST_EDGE = 1600

test('a photo taken without signal is shrunk, loses its place, is uploaded after the text, and the reviewer sees it', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '照片')
  await phone.sees('照片可有可无，不传也能提交。最多 3 张。')
  const original = await photoWithPlace(phone.page, 4000, 3000)
  expect(original.includes('Exif')).toBe(true)
  await phone.page.locator('input[type=file]').setInputFiles({ name: 'IMG_0001.jpg', mimeType: 'image/jpeg', buffer: original })
  const shown = phone.page.getByRole('img', { name: '第 1 张照片' })
  await shown.waitFor()
  await phone.sees('待上传')

  await phone.kill()
  await phone.offline(false)
  await phone.open('/outbox')
  await syncNow(phone)
  const officer = await Official.login(server, 'officer')
  const { items } = await officer.get('/v1/console/activities?limit=1')
  const sheet = await officer.get(`/v1/console/records/${items[0].record}`)
  expect(sheet.attachments).toHaveLength(1)
  const uploaded = await officer.bytes(`/v1/console/blobs/${sheet.attachments[0].blob}`)
  expect(uploaded.includes('Exif'), 'nothing that the camera added').toBe(false)
  expect(uploaded.length).toBeLessThan(original.length)
  const size = await phone.page.evaluate(async (url) => {
    const image = await createImageBitmap(await (await fetch(url)).blob())
    return Math.max(image.width, image.height)
  }, `data:image/jpeg;base64,${uploaded.toString('base64')}`)
  expect(size).toBeLessThanOrEqual(LONGEST_EDGE)
})
