/** What the district calls things: names of kinds, decisions, categories and levels are words of its rule book. */
import { reactive } from 'vue'
import { levelNames } from '@/words/naming.ts'
import { t } from '@/words/console.ts'
import { api, ask } from '../api/client.ts'
import type { District, OrgType } from '../api/types.ts'

export const district = reactive<{ words: District | null }>({ words: null })

export async function readDistrict(): Promise<void> {
  district.words = await ask(() => api.GET('/v1/console/district'))
}

interface Named {
  code: string
  name: string
}

const book = () => district.words?.rule_book
const nameIn = (list: readonly Named[] | undefined, code: string) => list?.find((one) => one.code === code)?.name ?? code

export const kindName = (code: string) => nameIn(book()?.kinds, code)
export const decisionName = (code: string) => nameIn(book()?.decisions, code)
export const categoryName = (code: string) => nameIn(book()?.categories, code)
export const exclusionName = (code: number) => nameIn(book()?.exclusion_reasons, String(code))

/** What a node of the tree is called here: 苏木 in one place is 街道 in another. */
export function levelName(type: OrgType): string {
  const names = levelNames(district.words?.naming ?? 'xian')
  if (type === 'township') return book()?.labels['township'] ?? names.township
  if (type === 'district') return book()?.labels['district'] ?? names.district
  return t.orgType[type]
}
