/** What the district calls things: names of kinds, decisions and rules are data of its rule book. */
import { reactive } from 'vue'
import { t } from '@/words/console.ts'

interface Named {
  code: string
  name: string
}

export const district = reactive<{ kinds: readonly Named[]; decisions: readonly Named[]; rules: readonly Named[] }>({
  kinds: [],
  decisions: [],
  rules: [],
})

const nameIn = (list: readonly Named[], code: string) => list.find((one) => one.code === code)?.name

export function kindName(code: string): string {
  return nameIn(district.kinds, code) ?? t.kind[code] ?? code
}

export function decisionName(code: string): string {
  return nameIn(district.decisions, code) ?? code
}
