import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AUTOSAVE_MS, type Draft, DraftWriter } from './drafts'

const draft = (value: string): Draft<string> => ({ value, base: '', cursor: value.length, scroll: 0, fieldScroll: 0, at: 0 })

function shelf() {
  const kept = new Map<string, string>()
  const log: string[] = []
  return {
    kept,
    log,
    write: async (key: string, one: Draft<string>) => {
      log.push(`write ${one.value}`)
      kept.set(key, one.value)
    },
    remove: async (key: string) => {
      log.push('remove')
      kept.delete(key)
    },
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('words are down within half a second, however fast the typing goes on', async () => {
  const store = shelf()
  const writer = new DraftWriter<string>('k', () => undefined, store)
  for (let typed = 1; typed <= 20; typed += 1) {
    writer.put(draft('字'.repeat(typed)))
    await vi.advanceTimersByTimeAsync(50)
  }
  expect(AUTOSAVE_MS).toBeLessThanOrEqual(500)
  expect(store.log.length).toBeGreaterThanOrEqual(3)
  await vi.advanceTimersByTimeAsync(AUTOSAVE_MS)
  expect(store.kept.get('k')).toBe('字'.repeat(20))
})

test('a page that hides writes at once', async () => {
  const store = shelf()
  const writer = new DraftWriter<string>('k', () => undefined, store)
  writer.put(draft('半个'))
  await writer.flush()
  expect(store.kept.get('k')).toBe('半个')
})

test('a draft that became a command does not come back from a write that was on its way', async () => {
  const store = shelf()
  const writer = new DraftWriter<string>('k', () => undefined, store)
  writer.put(draft('写完'))
  void writer.flush()
  writer.put(draft('写完了'))
  await writer.drop()
  await vi.advanceTimersByTimeAsync(2 * AUTOSAVE_MS)
  expect(store.kept.has('k')).toBe(false)
  expect(store.log.at(-1)).toBe('remove')
})

test('a write that fails is told, and the next one is tried', async () => {
  const store = shelf()
  const told: unknown[] = []
  let full = true
  const writer = new DraftWriter<string>('k', (fault) => told.push(fault), {
    ...store,
    write: (key, one) => (full ? Promise.reject(new Error('full')) : store.write(key, one)),
  })
  writer.put(draft('一'))
  await writer.flush()
  full = false
  writer.put(draft('一二'))
  await writer.flush()
  expect(told).toHaveLength(1)
  expect(store.kept.get('k')).toBe('一二')
})
