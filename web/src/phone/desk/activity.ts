// One open activity: its sheet, its arithmetic and the names around it, read again whenever it changes.

import { computed, inject, type InjectionKey, onScopeDispose, provide, shallowRef, watch } from 'vue'
import type {
  AboutField, ActivitySheet, BookSheet, Command, Executed, MemberId, QuorumSheet, RosterLine, ShownValue,
} from '@/core/api'
import { type Names, openRequests, stepOf, type StepName } from '@/phone/naming/slots'
import { isUnsaid } from '@/phone/naming/standing'
import { act } from './acts'
import { isDesk, isSecretary } from './rights'
import { awake, core, me, report } from './session'

export function openActivity(id: string) {
  const sheet = shallowRef<ActivitySheet | null>(null)
  const quorum = shallowRef<QuorumSheet | null>(null)
  const book = shallowRef<BookSheet | null>(null)
  const roster = shallowRef<RosterLine[]>([])
  const missing = shallowRef(false)
  /** Whether its status is a word of this phone that has no receipt. */
  const unsaid = shallowRef(false)

  const when = (of: ActivitySheet): number => number(of.about.held_from) ?? number(of.about.planned_at) ?? Date.now()

  async function readAround(of: ActivitySheet): Promise<void> {
    // A young phone has no rule book or roster yet; the record is shown all the same.
    book.value = await core().book(when(of)).catch(() => null)
    roster.value = await core().listRoster(of.org).catch(() => [])
  }

  async function load(): Promise<void> {
    try {
      const read = await core().showActivity(id)
      const waiting = read.waiting > 0 ? await core().waiting() : []
      const first = sheet.value === null
      unsaid.value = isUnsaid(id, read.status, waiting)
      sheet.value = read
      missing.value = false
      if (first) await readAround(read)
      quorum.value = await core().quorum(id).catch(() => null)
    } catch (what) {
      missing.value = sheet.value === null
      report(what)
    }
  }

  watch(awake, (up) => up && void load(), { immediate: true })
  let stop: (() => void) | undefined
  watch(
    awake,
    (up) => {
      if (up) stop ??= core().on('changed', (records) => {
        if (records === null || records.includes(id)) void load()
      })
    },
    { immediate: true },
  )
  onScopeDispose(() => stop?.())

  const memberNames = computed(() => {
    const names = new Map<MemberId, string>(roster.value.map((line) => [line.member, line.name]))
    for (const line of sheet.value?.roll ?? []) names.set(line.member, line.name)
    return names
  })
  const names: Names = {
    member: (one) => memberNames.value.get(one),
    get book() {
      return book.value
    },
  }

  const requests = computed(() => (sheet.value === null ? [] : openRequests(sheet.value)))
  const isOpen = computed(() => sheet.value !== null && !['filed', 'voided'].includes(sheet.value.status))
  const mayWrite = computed(() => !!me.value && !!sheet.value && isOpen.value && isDesk(me.value, sheet.value.org))
  const mayAmend = computed(
    () => !!me.value && sheet.value?.status === 'filed' && isDesk(me.value, sheet.value.org),
  )
  const maySubmit = computed(() => !!me.value && !!sheet.value && isOpen.value && isSecretary(me.value, sheet.value.org))

  async function execute(command: Command): Promise<Executed | null> {
    const executed = await act(id, command)
    await load()
    return executed
  }

  return {
    id, sheet, unsaid, quorum, book, roster, missing, names, requests, isOpen, mayWrite, mayAmend, maySubmit, load, execute,
    text: (field: AboutField): string => text(sheet.value?.about[field]),
    number: (field: AboutField): number | null => number(sheet.value?.about[field]),
    set: (field: AboutField, value: string | number | null) => execute({ set_about: [[field, value === '' ? null : value]] }),
    /** What the staff ask for at a slot, or at any slot below it. */
    requestsAt: (slot: string) => requests.value.filter((event) => within(event.slot, slot)),
    cardAt: (slot: string) => sheet.value?.merge_cards.find((card) => card.slot === slot),
    marksOf: (step: StepName) => ({
      toFix: requests.value.some((event) => stepOf(event.slot ?? '') === step),
      differs: sheet.value?.merge_cards.some((card) => stepOf(card.slot) === step) ?? false,
    }),
  }
}

const within = (asked: string | null, slot: string): boolean => asked === slot || (asked?.startsWith(`${slot}.`) ?? false)

function text(value: ShownValue | undefined): string {
  return value === null || value === undefined ? '' : String(value)
}

function number(value: ShownValue | undefined): number | null {
  return typeof value === 'number' ? value : null
}

export type OpenActivity = ReturnType<typeof openActivity>
const KEY: InjectionKey<OpenActivity> = Symbol('activity')

export const provideActivity = (activity: OpenActivity): void => provide(KEY, activity)

export function useActivity(): OpenActivity {
  const activity = inject(KEY)
  if (activity === undefined) throw new Error('a step stands inside an activity')
  return activity
}

