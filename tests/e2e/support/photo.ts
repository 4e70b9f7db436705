// A photo as a phone's camera writes it: large, and with the place where it was taken inside.
import type { Page } from 'playwright-core'

/** A JPEG of this size with an EXIF block that names a place. */
export async function photoWithPlace(page: Page, width: number, height: number): Promise<Buffer> {
  const plain = await page.evaluate(async ([wide, high]) => {
    const canvas = new OffscreenCanvas(wide, high)
    const paint = canvas.getContext('2d')!
    // Stripes of many colours: a plain surface would be small however large it is.
    for (let at = 0; at < wide; at += 8) {
      paint.fillStyle = `hsl(${(at * 7) % 360} 60% ${30 + (at % 40)}%)`
      paint.fillRect(at, 0, 8, high)
    }
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 })).arrayBuffer())
    let text = ''
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768))
    return btoa(text)
  }, [width, height] as const)
  const jpeg = Buffer.from(plain, 'base64')
  return Buffer.concat([jpeg.subarray(0, 2), exifWithPlace(), jpeg.subarray(2)])
}

/** An APP1 segment: little-endian TIFF, one directory that points to a GPS directory with a latitude's reference. */
function exifWithPlace(): Buffer {
  const tiff = Buffer.alloc(44)
  tiff.write('II', 0, 'latin1')
  tiff.writeUInt16LE(42, 2)
  tiff.writeUInt32LE(8, 4)
  tiff.writeUInt16LE(1, 8)
  entry(tiff, 10, { tag: 0x8825, type: 4, value: 26 })
  tiff.writeUInt16LE(1, 26)
  entry(tiff, 28, { tag: 1, type: 2, value: 'N'.charCodeAt(0) })
  const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff])
  const head = Buffer.from([0xff, 0xe1, 0, 0])
  head.writeUInt16BE(content.length + 2, 2)
  return Buffer.concat([head, content])
}

function entry(into: Buffer, at: number, { tag, type, value }: { tag: number; type: number; value: number }): void {
  into.writeUInt16LE(tag, at)
  into.writeUInt16LE(type, at + 2)
  into.writeUInt32LE(type === 2 ? 2 : 1, at + 4)
  into.writeUInt32LE(value, at + 8)
}
