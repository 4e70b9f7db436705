// A photo from the camera as two pictures small enough to travel: one to read, one to recognise it by. Drawing it anew
// leaves behind everything that a camera writes beside it (place, time, device).

const LONG_EDGE = 1600
const MAX_BYTES = 1 << 20
const THUMB_EDGE = 240
const MAX_THUMB_BYTES = 16 << 10
const TYPE = 'image/jpeg'
/** From good to barely: the first that fits is taken. */
const QUALITIES = [0.75, 0.6, 0.45, 0.3, 0.15]

export interface Pictures {
  photo: Uint8Array<ArrayBuffer>
  thumb: Uint8Array<ArrayBuffer>
}

/** Both pictures; fails where the bytes are no picture that this browser reads. */
export async function shrink(original: Blob): Promise<Pictures> {
  const bitmap = await createImageBitmap(original, { imageOrientation: 'from-image' })
  try {
    return { photo: await draw(bitmap, LONG_EDGE, MAX_BYTES), thumb: await draw(bitmap, THUMB_EDGE, MAX_THUMB_BYTES) }
  } finally {
    bitmap.close()
  }
}

async function draw(bitmap: ImageBitmap, edge: number, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const scale = Math.min(1, edge / Math.max(bitmap.width, bitmap.height))
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale))) as [number, number]
  const canvas = new OffscreenCanvas(width, height)
  const pen = canvas.getContext('2d')
  if (pen === null) throw new Error('this browser draws nothing in a worker')
  // Where the picture is transparent, paper.
  pen.fillStyle = '#ffffff'
  pen.fillRect(0, 0, width, height)
  pen.drawImage(bitmap, 0, 0, width, height)
  for (const quality of QUALITIES) {
    const blob = await canvas.convertToBlob({ type: TYPE, quality })
    if (blob.size <= most) return new Uint8Array(await blob.arrayBuffer())
  }
  return draw(bitmap, Math.round(edge * 0.7), most)
}
