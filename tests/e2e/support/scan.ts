// A phone's camera before a QR code on a screen.
import jsQR from 'jsqr'
import type { Locator } from 'playwright-core'

/** Dots of the picture for each square of the code. */
const DOTS = 4

/** What a QR code says: the squares that are drawn are read, not what was meant to be drawn. */
export async function scan(code: Locator): Promise<string> {
  const [, , side] = ((await code.getAttribute('viewBox')) ?? '').split(' ').map(Number)
  const drawn = (await code.locator('path.dark').getAttribute('d')) ?? ''
  if (!side) throw new Error('no QR code is drawn')
  const width = side * DOTS
  const picture = new Uint8ClampedArray(width * width * 4).fill(255)
  for (const [, x, y, length] of drawn.matchAll(/M(\d+) (\d+)h(\d+)v1H\d+z/g)) {
    for (let row = Number(y) * DOTS; row < (Number(y) + 1) * DOTS; row += 1) {
      for (let dot = Number(x) * DOTS; dot < (Number(x) + Number(length)) * DOTS; dot += 1) {
        picture.fill(0, (row * width + dot) * 4, (row * width + dot) * 4 + 3)
      }
    }
  }
  const read = jsQR(picture, width, width)
  if (!read) throw new Error('the QR code cannot be read')
  return read.data
}
