/** The order of orgs under one node: by their numbers (第一, 第二 … 第十), then by name. Never by any count. */
import type { OrgRow } from '../api/types.ts'

const DIGITS = '零一二三四五六七八九'

/** What `第十二` in a name says, if it says a number. */
export function ordinalIn(name: string): number | undefined {
  const found = /第([零一二三四五六七八九十]+|\d+)/.exec(name)?.[1]
  if (!found) return undefined
  if (/^\d+$/.test(found)) return Number(found)
  const [tens, ones] = found.includes('十') ? found.split('十') : ['', found]
  const digit = (text: string | undefined, otherwise: number) => (text ? DIGITS.indexOf(text) : otherwise)
  return found.includes('十') ? digit(tens, 1) * 10 + digit(ones, 0) : digit(ones, 0)
}

const stem = (name: string) => name.replace(/第([零一二三四五六七八九十]+|\d+)/, '第')
const byName = new Intl.Collator('zh-CN', { numeric: true })

export function inPaperOrder<T extends Pick<OrgRow, 'name' | 'id'>>(rows: readonly T[]): T[] {
  return [...rows].sort(
    (a, b) =>
      byName.compare(stem(a.name), stem(b.name)) ||
      (ordinalIn(a.name) ?? 0) - (ordinalIn(b.name) ?? 0) ||
      (a.id < b.id ? -1 : 1),
  )
}
