// What the screens call. Everything behind it runs in a worker of its own; nothing in here knows about Vue.
//
// Words of truth: a resolved `execute` means durable on this phone (已保存到本机); `uploaded` is what `waiting` no
// longer lists; what the staff said stands in the record's events. Never say more than that.

import type {
  ActivityLine, Attendance, ActivitySheet, BookSheet, Command, EntryId, Executed, HistoryLine, LedgerSheet, Me, MemberId, OrgId,
  PhoneStatus, QuorumSheet, RecordId, RecordKey, RefusedSheet, RosterLine, Saved, SyncReport, WaitingLine,
} from './generated'

export type * from './generated'

/** Milliseconds of an instant; a day is named by any instant in it. */
export type DayMs = number

/** The words by which a screen may tell one failure from another. More may come from the server. */
export type CoreErrorName =
  | 'offline' | 'busy' | 'not_enrolled' | 'already_enrolled' | 'invite_spent' | 'not_an_invite' | 'device_revoked'
  | 'wrong_clock' | 'too_old' | 'command' | 'already_written' | 'not_found' | 'ambiguous' | 'no_rule_book'
  | 'not_a_photo' | 'broken_answer' | 'store' | 'key' | 'damaged_record' | 'no_randomness'
  /** No space left: free some, or export what is unsent. */
  | 'storage_full'
  /** Another window writes; `takeOver` makes it this one. */
  | 'elsewhere'
  /** This phone was enrolled, but its storage is gone: the unsent part of it with it. */
  | 'storage_lost'
  /** The page was opened over plain http: no browser gives it keys. */
  | 'insecure'
  /** The browser lacks something that cannot be done without. */
  | 'unsupported'
  /** The core fell over and was started again; nothing saved was lost. Repeat what was asked. */
  | 'restarted'

/** Why something was not done. `plain` is one Chinese sentence that says what is wrong and what to do. */
export class CoreError extends Error {
  override readonly name = 'CoreError'

  constructor(
    readonly code: CoreErrorName | (string & {}),
    readonly plain: string,
    /** Whether the same call may succeed later without anybody doing anything. */
    readonly retryable: boolean,
    detail = '',
    /** When the core tries again by itself, in milliseconds, where a busy server asked to wait. */
    readonly waitMs = 0,
  ) {
    super(detail === '' ? code : `${code}: ${detail}`)
  }
}

/** Whether this window may write. The other ones read along. */
export type Writer = 'here' | 'elsewhere'

/** Where the phone stands, with what only a browser knows. */
export interface CoreStatus extends PhoneStatus {
  storage: {
    /** Whether the browser promised not to clear it by itself. */
    persisted: boolean
    /** Bytes used and to be had, as the browser estimates; none where it does not say. */
    usage: number | null
    quota: number | null
  }
  writer: Writer
  /** A synchronisation is under way. */
  syncing: boolean
  /** Why the last one failed, if it did; its sentence is for the status sheet. */
  last_fault: { code: string; plain: string; at: number } | null
}

/** What tells the screens to look again. */
export interface CoreEvents {
  /** Something was saved or read: these records, or `null` for anything. */
  changed: RecordId[] | null
  syncing: void
  synced: SyncReport
  /** A synchronisation failed, or the core fell over. */
  fault: CoreError
  writer: Writer
}

/** The phone's core. Each call rejects with a `CoreError`. */
export interface Core {
  /** Who holds this phone; `null` before the enrolment. */
  me(): Promise<Me | null>
  /** Opens an invite link (`https://…/enrol#…`) under a label of at most 40 characters. Needs a connection. */
  enrol(link: string, deviceName: string): Promise<Me>
  status(): Promise<CoreStatus>
  /** Delivers what waits and reads what is new. Joins the synchronisation that is under way, if one is. */
  sync(): Promise<SyncReport>

  /** Activities of a branch (or `null`: of all), of a year (or `null`: of all), latest first. */
  listActivities(org: OrgId | null, year: number | null): Promise<ActivityLine[]>
  showActivity(id: RecordId | RecordKey): Promise<ActivitySheet>
  /** Everything ever written at a slot (`about.place`, `minutes`), oldest first. */
  slotHistory(id: RecordId | RecordKey, slot: string): Promise<HistoryLine[]>
  quorum(id: RecordId | RecordKey): Promise<QuorumSheet>
  /** The marks of "everybody came" (全部到会), for whoever has none. */
  rollCall(id: RecordId | RecordKey): Promise<[MemberId, Attendance][]>
  /** Today's roster of a branch in roster order. */
  listRoster(org: OrgId): Promise<RosterLine[]>
  /** Ledgers of these members, or of everybody, in roster order. */
  ledgers(org: OrgId, members: MemberId[] | null, day: DayMs): Promise<LedgerSheet[]>
  /** What the rule book of a day offers. */
  book(day: DayMs): Promise<BookSheet>
  /** Refused changes, oldest first. */
  refused(): Promise<RefusedSheet[]>
  /** Changes that are saved here and have no receipt, oldest first. */
  waiting(): Promise<WaitingLine[]>

  /** The years of a branch that this phone holds or has asked for. */
  heldYears(org: OrgId): Promise<number[]>
  /** Asks for an older year of a branch. It comes with the next synchronisation, and is kept up to date from then on. */
  wantYear(org: OrgId, year: number): Promise<void>
  /** Reads everything from the server once more, in the place of what is here. What is not uploaded stays as it is. */
  rebuild(): Promise<void>

  /** A fresh activity; nothing is written until the first command. */
  newActivity(org: OrgId, day: DayMs): Promise<RecordKey>
  /** The record that holds a member's points of the cycle in which a day lies. */
  pointsRecord(org: OrgId, member: MemberId, day: DayMs): Promise<RecordKey>
  /** The record of a branch's roster. */
  rosterRecord(org: OrgId): Promise<RecordKey>
  /** An id for an entry or an event. */
  newId(): Promise<string>
  /** Does what a person did. When it resolves, it is durable on this phone. */
  execute(record: RecordId | RecordKey, command: Command): Promise<Executed>

  /** Does a refused change once more; `null` when what it said stands already. */
  resend(number: number): Promise<Saved | null>
  /** Does something else in its place. */
  correct(number: number, command: Command): Promise<Saved | null>
  /** Lets a refused change go. */
  dismiss(number: number): Promise<void>
  markRefusedSeen(numbers: number[]): Promise<void>

  /** Attaches a photo of an activity, resized and rid of what the camera wrote beside it. Uploaded after the text. */
  attachPhoto(id: RecordId | RecordKey, original: Blob): Promise<Executed>
  removePhoto(id: RecordId | RecordKey, photo: EntryId): Promise<Executed>
  /** One picture of a photo: from this phone, else from the server. */
  photo(id: RecordId | RecordKey, photo: EntryId, size: 'thumb' | 'full'): Promise<Blob>

  /** Unsent work as a file that the township can deliver. Empty bytes when nothing is unsent. */
  exportUnsent(): Promise<{ name: string; bytes: Uint8Array<ArrayBuffer> }>

  /** Makes this window the one that writes. */
  takeOver(): Promise<void>

  /** Hears of an event until the returned function is called. */
  on<E extends keyof CoreEvents>(event: E, hear: (what: CoreEvents[E]) => void): () => void
}
