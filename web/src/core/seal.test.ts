import { expect, test } from 'vitest'
import { makeSealKey, sealWith } from './seal'

const words = new TextEncoder().encode('学习党章，讨论修路。')
const seal = sealWith(await makeSealKey())

test('what was sealed opens again, at its own place and under its own key only', async () => {
  const sealed = await seal.seal(words, 'drafts/a')
  expect(await seal.open(sealed, 'drafts/a')).toEqual(words)
  await expect(seal.open(sealed, 'drafts/b')).rejects.toThrow()
  await expect(sealWith(await makeSealKey()).open(sealed, 'drafts/a')).rejects.toThrow()
})

test('a byte that changed, anywhere, keeps it shut', async () => {
  const sealed = new Uint8Array(await seal.seal(words, 'views/months'))
  for (let at = 0; at < sealed.length; at += 1) {
    const broken = sealed.slice()
    broken[at]! ^= 1
    await expect(seal.open(broken.buffer, 'views/months'), `byte ${at}`).rejects.toThrow()
  }
})

test('the same words never look the same twice, and the key cannot be taken out', async () => {
  const [one, two] = (await Promise.all([seal.seal(words, 'p'), seal.seal(words, 'p')])).map((sealed) => new Uint8Array(sealed))
  expect(one).not.toEqual(two)
  expect(one!.slice(0, 12)).not.toEqual(two!.slice(0, 12))
  await expect(crypto.subtle.exportKey('raw', await makeSealKey())).rejects.toThrow()
})
