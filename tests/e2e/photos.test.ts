// Item 4: photos are optional, small, stripped of what the camera added, come after the text, and survive a kill.
import { enrol, openPlanned, syncNow, visit } from './support/enrol.ts'
import { Official } from './support/official.ts'
import type { Phone } from './support/phone.ts'
import { photoWithPlace } from './support/photo.ts'
import type { Server } from './support/server.ts'
import { expect, test } from './support/world.ts'

const LONGEST_EDGE = 1600

/** Where a piece of a picture goes: its last number says how much had arrived before. */
const PIECE = /\/v1\/records\/[^/]+\/blobs\/[^/]+\/offset\/(\d+)$/

/** Takes a photo at the step for photos, without signal; answers what the camera wrote. */
async function takePhoto(phone: Phone): Promise<Buffer> {
  await phone.offline(true)
  await openPlanned(phone, '照片')
  await phone.sees('照片可有可无，不传也能提交。最多 3 张。')
  const original = await photoWithPlace(phone.page, 4000, 3000)
  const picked = { name: 'IMG_0001.jpg', mimeType: 'image/jpeg', buffer: original }
  await phone.page.getByLabel('拍照或选照片').setInputFiles(picked)
  await phone.find('region', '第 1 张照片').getByText('待上传').waitFor()
  return original
}

/** The photo as the township gets it, once it is whole. */
async function arrived(server: Server): Promise<Buffer> {
  const officer = await Official.login(server, 'officer')
  const { items } = await officer.get('/v1/console/activities?limit=1')
  const { record } = items[0]
  const photos = async () => (await officer.get(`/v1/console/records/${record}`)).photos
  await expect.poll(async () => (await photos())[0]?.photo_arrived, { timeout: 20_000 }).toBe(true)
  const [{ entry }] = await photos()
  return officer.bytes(`/v1/console/records/${record}/attachments/${entry}/full`)
}

test('a photo taken without signal survives a kill, is shrunk, and loses the place where it was taken', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  const original = await takePhoto(phone)
  expect(original.includes('Exif')).toBe(true)
  await phone.kill()
  await phone.offline(false)
  await phone.open()
  await syncNow(phone)
  const photo = await arrived(server)
  expect(photo.includes('Exif'), 'nothing that the camera added').toBe(false)
  expect(photo.length).toBeLessThan(original.length)
  expect(await longestEdge(phone, photo)).toBe(LONGEST_EDGE)
})

test('an upload that was cut off goes on where it was, after the battery fell out', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await takePhoto(phone)
  // The line breaks at the third piece, and stays broken until the phone is started again.
  await phone.running.route(PIECE, (route) =>
    Number(route.request().url().match(PIECE)?.[1]) >= 2 << 16 ? route.abort() : route.continue(),
  )
  const broken = phone.running.waitForEvent('requestfailed', (request) => PIECE.test(request.url()))
  await phone.offline(false)
  await visit(phone, '/')
  await broken
  await phone.kill()

  const again: number[] = []
  await phone.open('about:blank')
  phone.running.on('request', (request) => {
    const offset = request.url().match(PIECE)?.[1]
    if (offset !== undefined && request.method() === 'PUT') again.push(Number(offset))
  })
  await visit(phone, '/')
  await arrived(server)
  expect(Math.min(...again), 'what had arrived is not sent again').toBe(2 << 16)
})

test('photos beyond the third are not dropped without a word', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await enrol(phone, server, 'secretary')
  await phone.offline(true)
  await openPlanned(phone, '照片')
  const buffer = await photoWithPlace(phone.page, 400, 300)
  const five = [1, 2, 3, 4, 5].map((n) => ({ name: `${n}.jpg`, mimeType: 'image/jpeg', buffer }))
  await phone.page.getByLabel('拍照或选照片').setInputFiles(five)
  await phone.find('region', '第 3 张照片').getByText('待上传').waitFor()
  await phone.sees('最多 3 张，您选的照片里有 2 张没有加进来。')
  await phone.sees('已有 3 张，先删一张再加。')
  await phone.saved()
})

async function longestEdge(phone: Phone, jpeg: Buffer): Promise<number> {
  return phone.page.evaluate(async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }))
    return Math.max(image.width, image.height)
  }, jpeg.toString('base64'))
}
