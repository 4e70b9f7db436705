import { expect, test } from 'vitest'
import { phoneWords } from './phone'
import { phoneWordsEnglish } from './phone.en'
import { recordWords } from './record'

const HAN = /[\u4e00-\u9fff]/

function leaves(words: unknown, path = ''): [string, unknown][] {
  if (typeof words !== 'object' || words === null) return [[path, words]]
  return Object.entries(words).flatMap(([key, value]) => leaves(value, path === '' ? key : `${path}.${key}`))
}

function said(word: unknown): string {
  return typeof word === 'function' ? String((word as (...given: unknown[]) => string)(...Array(word.length).fill(['甲']))) : String(word)
}

test('the English stands beside every Chinese sentence, and beside nothing else', () => {
  expect(leaves(phoneWordsEnglish).map(([path]) => path).sort()).toEqual(leaves(phoneWords).map(([path]) => path).sort())
})

test('no sentence is empty, and the English is not Chinese', () => {
  for (const [path, word] of leaves(phoneWords)) expect(said(word), path).not.toBe('')
  for (const [path, word] of leaves(phoneWordsEnglish)) {
    expect(said(word), path).not.toBe('')
    expect(said(word).replaceAll('甲', ''), path).not.toMatch(HAN)
  }
})

test('a villager reads no English and no terms of the trade', () => {
  const sentences = [...leaves(phoneWords), ...leaves(recordWords)].map(([path, word]) => [path, said(word)] as const)
  for (const [path, text] of sentences) {
    expect(text.replaceAll('KB', ''), path).not.toMatch(/[A-Za-z]{2,}/)
    expect(text, path).not.toMatch(/同步失败|冲突|缓存|令牌|服务端|离线数据库|提交失败/)
  }
})

test('nothing is called uploaded or handed in before its receipt', () => {
  for (const word of [phoneWords.truth.savedHere, phoneWords.truth.waiting(2), phoneWords.truth.submittedHere, phoneWords.submit.saved]) {
    expect(word).toContain('本机')
    expect(word).not.toMatch(/已上传|已提交|已备案/)
  }
})
