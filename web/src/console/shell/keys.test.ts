import { expect, test, vi } from 'vitest'
import { actionOf } from './keys.ts'

const press = (key: string, more: Partial<Parameters<typeof actionOf>[0]> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  isComposing: false,
  defaultPrevented: false,
  target: null,
  ...more,
})

/** An element as far as the keys look at it: it answers to its own selector. */
const inside = (tag: string) =>
  ({ closest: (selector: string) => (selector.split(/[\s,]+/).some((part) => part.startsWith(tag)) ? {} : null) }) as unknown as EventTarget

const file = vi.fn()
const open = vi.fn()
const keys = { f: file, Enter: open, '?': open }

test('a letter acts in either case', () => {
  expect(actionOf(press('f'), keys)).toBe(file)
  expect(actionOf(press('F'), keys)).toBe(file)
  expect(actionOf(press('x'), keys)).toBeUndefined()
})

test('whoever writes, writes', () => {
  expect(actionOf(press('f', { target: inside('textarea') }), keys)).toBeUndefined()
  expect(actionOf(press('f', { target: inside('input') }), keys)).toBeUndefined()
  expect(actionOf(press('f', { isComposing: true }), keys)).toBeUndefined()
})

test('what belongs to the browser or to a button stays theirs', () => {
  expect(actionOf(press('f', { ctrlKey: true }), keys)).toBeUndefined()
  expect(actionOf(press('f', { metaKey: true }), keys)).toBeUndefined()
  expect(actionOf(press('Enter', { target: inside('button') }), keys)).toBeUndefined()
  expect(actionOf(press('f', { target: inside('button') }), keys)).toBe(file)
  expect(actionOf(press('Enter'), keys)).toBe(open)
})

test('names of the language itself are no keys', () => {
  expect(actionOf(press('toString'), keys)).toBeUndefined()
})
