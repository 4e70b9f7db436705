import type { MemberId } from '@/core/api'
import type { Names } from '@/phone/naming/slots'
import { core, me } from './session'

/** The names of everybody on the rosters of this phone, and of what the rule book of today offers. */
export async function readNames(): Promise<Names> {
  const book = await core().book(Date.now()).catch(() => null)
  const members = new Map<MemberId, string>()
  for (const branch of me.value?.branches ?? []) {
    for (const line of await core().listRoster(branch).catch(() => [])) members.set(line.member, line.name)
  }
  return { book, member: (id) => members.get(id) }
}
