// Ledgers around one branch, and whose turn a claim is.

import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { BookSheet, EntrySheet, LedgerSheet, MemberId, OrgId, PointRule, PointsVerb, RosterLine } from '@/core/api'
import { firstBranch, isSecretary, leadsGroup } from './rights'
import { awake, core, me, report } from './session'

/** The branch on whose roster the owner stands, else the first one that he keeps. */
export async function homeBranch(): Promise<OrgId | null> {
  const owner = me.value
  if (!owner) return null
  if (owner.member !== null) {
    for (const branch of owner.branches) {
      const roster = await core().listRoster(branch).catch(() => [])
      if (roster.some((line) => line.member === owner.member)) return branch
    }
  }
  return firstBranch(owner)
}

export function openLedgers(members: (all: RosterLine[]) => MemberId[] | null) {
  const branch = ref<OrgId | null>(null)
  const roster = shallowRef<RosterLine[]>([])
  const book = shallowRef<BookSheet | null>(null)
  const sheets = shallowRef<LedgerSheet[] | null>(null)
  /** The core has been asked: only then is a missing rule book missing. */
  const asked = ref(false)

  async function load(): Promise<void> {
    if (!awake.value || !me.value) return
    try {
      branch.value ??= await homeBranch()
      if (branch.value === null) return
      roster.value = await core().listRoster(branch.value).catch(() => [])
      book.value = await core().book(Date.now()).catch(() => null)
      if (book.value !== null) sheets.value = await core().ledgers(branch.value, members(roster.value), Date.now())
      asked.value = true
    } catch (what) {
      report(what)
    }
  }

  let stop: (() => void) | undefined
  watch(awake, (up) => {
    if (!up) return
    stop ??= core().on('changed', () => void load())
    void load()
  }, { immediate: true })
  onScopeDispose(() => stop?.())
  watch(branch, (_now, before) => before !== null && void load())

  const judgeable = computed(() => {
    const found: Turn[] = []
    for (const sheet of sheets.value ?? []) {
      for (const entry of sheet.entries) {
        const verbs = turnOf(sheet, entry)
        if (verbs.length > 0) found.push({ sheet, entry, rule: rule(entry), verbs })
      }
    }
    return found
  })

  const rule = (entry: EntrySheet): PointRule | undefined => book.value?.claimable.find((one) => one.code === entry.rule)

  function turnOf(sheet: LedgerSheet, entry: EntrySheet): PointsVerb[] {
    const owner = me.value
    const line = roster.value.find((one) => one.member === sheet.member)
    // Nobody judges his own claim.
    if (!owner || branch.value === null || sheet.member === owner.member) return []
    const said = new Set(entry.words.map((word) => word.verb))
    if (said.has('declined') || said.has('reversed') || said.has('approved')) return []
    const needsGroup = rule(entry)?.approval.includes('group') ?? false
    const verified = said.has('verified')
    if (isSecretary(owner, branch.value)) return needsGroup && !verified ? ['verified', 'approved', 'declined'] : ['approved', 'declined']
    return leadsGroup(owner, line?.group ?? null) && needsGroup && !verified ? ['verified', 'declined'] : []
  }

  return { branch, roster, book, sheets, asked, judgeable, rule, load }
}

/** A claim that waits for a word of the phone's owner. */
export interface Turn {
  sheet: LedgerSheet
  entry: EntrySheet
  rule: PointRule | undefined
  verbs: PointsVerb[]
}
