import type { EntrySheet, Executed, MemberId, OrgId, PointsReason, PointsVerb } from '@/core/api'
import { instant } from '@/phone/naming/time'
import { act } from './acts'
import { core, report } from './session'

/** Says a word about a claim, in the record of the cycle in which its deed lies. */
export async function judge(
  org: OrgId, member: MemberId, entry: EntrySheet, verb: PointsVerb, reason: PointsReason | null,
): Promise<Executed | null> {
  try {
    const record = await core().pointsRecord(org, member, instant(entry.date, '12:00') ?? Date.now())
    const event = await core().newId()
    return await act(record, { judge_points: { event, entry: entry.entry, verb, reason } })
  } catch (what) {
    report(what)
    return null
  }
}
