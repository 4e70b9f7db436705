// `openCore`: the one way to the core. Cheap: the worker and everything in it starts with the first question.

import type { Core, CoreError, CoreEvents, CoreStatus } from './api'
import type { Answer, Read, Write } from './calls'
import { coreError, fault } from './faults'
import { Link } from './link'
import { Triggers } from './triggers'
import { Leadership } from './writer'

export * from './api'

/** Beside the database, to tell a phone that was never enrolled from one whose database was cleared. */
const ENROLLED = 'zhibu-enrolled'
/** What an empty database answers. */
const EMPTY: ReadonlySet<string> = new Set(['not_enrolled', 'not_found', 'no_rule_book'])

type Hearers = { [E in keyof CoreEvents]: Set<(what: CoreEvents[E]) => void> }

class Window implements Core {
  private readonly hearers: Hearers = {
    changed: new Set(), syncing: new Set(), synced: new Set(), fault: new Set(), writer: new Set(),
  }
  private readonly link = new Link({
    changed: (what) => this.emit('changed', what),
    fell: (error) => this.emit('fault', error),
  })
  private readonly leadership = new Leadership(async (writer) => {
    await this.link.write(writer === 'here')
    this.emit('writer', writer)
    if (writer === 'here') this.triggers.saved()
  })
  private readonly triggers = new Triggers(() => void this.syncQuietly())
  private syncing: ReturnType<Core['sync']> | null = null
  private lastFault: CoreStatus['last_fault'] = null

  constructor() {
    this.leadership.follow()
    this.triggers.follow()
  }

  async me() {
    const me = await this.call('me')
    if (me === null && localStorage.getItem(ENROLLED) !== null) throw coreError(fault('storage_lost'))
    if (me !== null) localStorage.setItem(ENROLLED, me.device)
    return me
  }

  async enrol(link: string, deviceName: string) {
    await this.leadership.take()
    const me = await this.write('enrol', link, deviceName)
    localStorage.setItem(ENROLLED, me.device)
    return me
  }

  async status(): Promise<CoreStatus> {
    const [status, persisted, estimate] = await Promise.all([
      this.call('status'),
      navigator.storage?.persisted?.().catch(() => false) ?? false,
      navigator.storage?.estimate?.().catch(() => null) ?? null,
    ])
    return {
      ...status,
      storage: { persisted, usage: estimate?.usage ?? null, quota: estimate?.quota ?? null },
      writer: this.leadership.writer,
      syncing: this.syncing !== null,
      last_fault: this.lastFault,
    }
  }

  sync() {
    this.syncing ??= this.syncOnce().finally(() => { this.syncing = null })
    return this.syncing
  }

  listActivities: Core['listActivities'] = (org, year) => this.call('listActivities', org, year ?? undefined)
  showActivity: Core['showActivity'] = (id) => this.call('showActivity', id)
  slotHistory: Core['slotHistory'] = (id, slot) => this.call('slotHistory', id, slot)
  quorum: Core['quorum'] = (id) => this.call('quorum', id)
  rollCall: Core['rollCall'] = (id) => this.call('rollCall', id)
  listRoster: Core['listRoster'] = (org) => this.call('listRoster', org)
  ledgers: Core['ledgers'] = (org, members, day) => this.call('ledgers', org, members, day)
  book: Core['book'] = (day) => this.call('book', day)
  refused: Core['refused'] = () => this.call('refused')
  waiting: Core['waiting'] = () => this.call('waiting')
  heldYears: Core['heldYears'] = (org) => this.call('heldYears', org)
  newActivity: Core['newActivity'] = (org, day) => this.call('newActivity', org, day)
  pointsRecord: Core['pointsRecord'] = (org, member, day) => this.call('pointsRecord', org, member, day)
  rosterRecord: Core['rosterRecord'] = (org) => this.call('rosterRecord', org)
  newId: Core['newId'] = () => this.call('newId')
  execute: Core['execute'] = (record, command) => this.write('execute', record, command)
  resend: Core['resend'] = (number) => this.write('resend', number)
  correct: Core['correct'] = (number, command) => this.write('correct', number, command)
  dismiss: Core['dismiss'] = async (number) => { await this.write('dismiss', number) }
  markRefusedSeen: Core['markRefusedSeen'] = async (numbers) => { await this.write('markRefusedSeen', numbers) }
  rebuild: Core['rebuild'] = async () => { await this.write('rebuild') }
  wantYear: Core['wantYear'] = async (org, year) => { await this.write('wantYear', org, year) }
  removePhoto: Core['removePhoto'] = (id, photo) => this.write('execute', id, { remove_photo: { entry: photo } })
  photo: Core['photo'] = (id, photo, size) => this.link.call('photo', id, photo, size).catch((error) => this.explain(error))
  attachPhoto: Core['attachPhoto'] = async (id, original) => {
    const executed = await this.link.call('attachPhoto', id, original).catch((error) => this.explain(error))
    this.triggers.saved()
    return executed
  }

  exportUnsent: Core['exportUnsent'] = () => this.link.call('exportUnsent').catch((error) => this.explain(error))
  takeOver: Core['takeOver'] = () => this.leadership.take()

  on<E extends keyof CoreEvents>(event: E, hear: (what: CoreEvents[E]) => void): () => void {
    const hearers: Set<(what: CoreEvents[E]) => void> = this.hearers[event]
    hearers.add(hear)
    return () => { hearers.delete(hear) }
  }

  private emit<E extends keyof CoreEvents>(event: E, what: CoreEvents[E]): void {
    this.hearers[event].forEach((hear) => hear(what))
  }

  private call<M extends Read | Write>(method: M, ...args: unknown[]): Promise<Answer<M>> {
    return this.link.call(method, ...args).catch((error) => this.explain(error))
  }

  /** As `call`; what was saved is delivered soon. */
  private async write<M extends Write>(method: M, ...args: unknown[]): Promise<Answer<M>> {
    const value = await this.call(method, ...args)
    this.triggers.saved()
    return value
  }

  /** What the worker cannot know about its failure. */
  private async explain(error: CoreError): Promise<never> {
    if (error.code === 'elsewhere') await this.leadership.lose()
    if (EMPTY.has(error.code) && localStorage.getItem(ENROLLED) !== null && (await this.isEmpty())) {
      throw coreError(fault('storage_lost'))
    }
    throw error
  }

  /** Whether the store knows nobody: it was deleted, perhaps while this page is open. */
  private isEmpty(): Promise<boolean> {
    return this.link.call('me').then((me) => me === null, (error: CoreError) => error.code === 'not_enrolled')
  }

  private async syncOnce() {
    if (this.leadership.writer === 'elsewhere') throw coreError(fault('elsewhere'))
    this.emit('syncing', undefined)
    try {
      const report = await this.link.call('sync').catch((error) => this.explain(error))
      this.lastFault = null
      this.emit('synced', report)
      return report
    } catch (thrown) {
      const error = thrown as CoreError
      this.lastFault = { code: error.code, plain: error.plain, at: Date.now() }
      if (error.waitMs > 0) this.triggers.wait(error.waitMs)
      this.emit('fault', error)
      throw error
    }
  }

  /** By itself, as the triggers want it: there may be nothing to do, and failures are told by their event. */
  private async syncQuietly(): Promise<void> {
    if (this.leadership.writer === 'elsewhere' || localStorage.getItem(ENROLLED) === null) return
    await this.sync().catch(() => undefined)
  }
}

let core: Core | undefined

/** The core of this window. */
export function openCore(): Core {
  return (core ??= new Window())
}

/** Asks the browser to keep what is stored even when space runs short; to be called in a tap, after the first save. */
export async function askToKeepStorage(): Promise<boolean> {
  if (navigator.storage?.persist === undefined) return false
  return (await navigator.storage.persisted()) || navigator.storage.persist().catch(() => false)
}
