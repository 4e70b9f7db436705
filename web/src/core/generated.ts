// Generated from the Rust types by sync-client/tests/typescript.rs, which says how. Not for hands.

/** The single-valued fields of an activity, `about.*`. */
export type AboutField = "title" | "theme" | "planned_at" | "held_from" | "held_to" | "place" | "host" | "recorder" | "lecturer" | "lecture_title" | "hours" | "paper_ref" | "audience_count";

/** A login with roles at orgs. */
export type AccountId = string;

/** One kind of activity. */
export type ActivityKind = {
  /** Code, for example `general_meeting`. */
  code: string,
  /** Chinese name. */
  name: string,
  /** Who holds it; empty: any level. */
  levels: Array<Level>,
  /** How often it is due; `None`: as held. */
  frequency: Frequency | null,
  /** Code of the [`DecisionRule`](crate::quorum::DecisionRule) that its quorum follows. */
  decision_rule: string | null,
  /** Whether it is a tag put on an activity of another kind, never held alone. */
  is_tag: boolean,
  /** Fewest full members that an org must have for the frequency to apply (支委会: 7). */
  min_full_members: number | null,
  /** Fields beyond the standard set. */
  extra_fields: Array<ExtraField>, };

/** One activity in the list. */
export type ActivityLine = {
  /** The record. */
  id: RecordId,
  /** The branch. */
  org: OrgId,
  /** Its title. */
  title: string,
  /** Codes of its kinds. */
  kinds: Array<string>,
  /** Their names by the rule book of its day; the code where there is none. */
  kind_names: Array<string>,
  /** When it was held, or is planned. */
  when: Millis | null,
  /** Where it stands. */
  status: Status,
  /** How many members came. */
  present: number,
  /** How many slots are in dispute. */
  merge_cards: number,
  /** How many changes of it are not uploaded. */
  waiting: number,
  /** How many changes of it were refused. */
  refused: number, };

/** One activity, whole. */
export type ActivitySheet = {
  /** The record. */
  id: RecordId,
  /** The branch. */
  org: OrgId,
  /** Where it stands. */
  status: Status,
  /** Codes of its kinds. */
  kinds: Array<string>,
  /** Their names by the rule book of its day; the code where there is none. */
  kind_names: Array<string>,
  /** The single-valued fields. */
  about: { [key in AboutField]?: ShownValue },
  /** Everybody on the roster that day, and everybody marked, in roster order. */
  roll: Array<RollLine>,
  /** The minutes. */
  minutes: string,
  /** 议题. */
  agenda: { [key in EntryId]: string },
  /** 决议. */
  resolutions: { [key in EntryId]: ResolutionView },
  /** 后续事项. */
  follow_ups: { [key in EntryId]: FollowUpView },
  /** 列席. */
  observers: { [key in EntryId]: string },
  /** Review events, oldest first. */
  events: Array<EventLine>,
  /** Corrections after filing. */
  amendments: { [key in EntryId]: Amendment },
  /** 照片, at most three, in the order of their making. */
  photos: Array<PhotoLine>,
  /** Slots in dispute. */
  merge_cards: Array<CardSheet>,
  /** How many changes of it are not uploaded. */
  waiting: number, };

/** A late correction to a filed record, written once under its own id. */
export type Amendment = {
  /** The slot that it corrects. */
  slot: string,
  /** What should stand there; at most 300 characters. */
  text: string, };

/** One step of the approval chain of an award, in this order. */
export type ApprovalStep = "group" | "committee" | "township";

/** One photo, written once under its own id. It says nothing about place, camera or time: those are not kept. */
export type Attachment = {
  /** The photo. */
  photo: BlobHash,
  /** Its bytes, at most [`MAX_PHOTO_BYTES`]. */
  size_bytes: number,
  /** The same, small. */
  thumb: BlobHash,
  /** The thumbnail's bytes, at most [`MAX_THUMB_BYTES`]. */
  thumb_bytes: number,
  /** How both are written. */
  mime: PhotoFormat, };

/**
 * The ten attendance states, in the order in which a roll offers them. A member without a mark has none of
 * them: the roll opens blank.
 */
export type Attendance = "present" | "present_remote" | "present_elsewhere" | "visited" | "leave_work" | "leave_illness" | "leave_other" | "absent_unexcused" | "excluded" | "not_required";

/** The count of a vote (表决). */
export type Ballot = {
  /** 赞成. */
  yes: number,
  /** 反对. */
  no: number,
  /** 弃权. */
  abstain: number, };

/** Of whom a fraction is taken. */
export type Base = "should_attend" | "should_attend_voters" | "present_voters";

/** The SHA-256 that names a blob. */
export type BlobHash = string;

/** The choices that the rule book of a day offers. */
export type BookSheet = {
  /** The version, e.g. `QL-2026-V1`. */
  id: string,
  /** Its title. */
  name: string,
  /** The points cycle in which the day lies. */
  cycle: Cycle,
  /** The kinds of activity, tags among them, in the book's order. */
  kinds: Array<ActivityKind>,
  /** What decisions need. */
  decision_rules: Array<DecisionRule>,
  /** Categories of point rules. */
  categories: Array<Category>,
  /** The switched-on rules that a person can claim by himself, in the book's order. */
  claimable: Array<PointRule>,
  /** Member classes. */
  classes: Array<MemberClass>,
  /** Why a member may be left out of should-attend. */
  exclusion_reasons: Array<ExclusionReason>,
  /** Working days after an activity within which its record is not labelled as a late entry. */
  late_entry_working_days: number,
  /** The level words (`district`, `township`, `village`, `group`) in the district's naming scheme. */
  labels: { [key in string]: string }, };

/** Why a line counts less than its raw points. */
export type Cap = { "rule": {
  /** Month, quarter or year. */
  period: Period, } } | { "group": {
  /** Code of the category. */
  category: string, } } | "same_matter" | "deductions_off" | { "not_for_class": {
  /** Code of the class; `None`: the member had none. */
  class: string | null, } } | { "replaced_by": {
  /** Code of that rule. */
  rule: string, } } | "rule_off" | "unknown_rule" | "derived_rule" | "outside_range" | "part_units" | "no_notice" | "objection_upheld" | "declined" | { "reversed": {
  /** The smallest approved entry that did it; `None`: its state says so. */
  by: EntryId | null, } } | { "reversing": {
  /** That other. */
  entry: EntryId, } } | "nothing_reversed";

/** A slot in dispute. */
export type CardSheet = {
  /** The slot. */
  slot: string,
  /** Its values, the one shown at present last. */
  values: Array<HistoryLine>, };

/** A category of point rules and its cap over the whole cycle. */
export type Category = {
  /** Code, for example `A`. */
  code: string,
  /** Chinese name. */
  name: string,
  /** Most points of the cycle; negative for deductions. */
  cap: number,
  /** Whether its rules take points away. */
  is_deduction: boolean, };

/** The SHA-256 that names a change. */
export type ChangeHash = string;

/** A claim of points, written once under its own id. */
export type Claim = {
  /** The rule's code, e.g. `C01`. */
  rule: string,
  /** The civil date of the deed. */
  date: string,
  /** How many of the rule's units: hours, times, items. */
  units: number,
  /** What was done (事由), at most 80 characters: about the deed, never about a person. */
  matter: string,
  /** The points chosen, for rules that leave a choice (受表彰 3 to 10). */
  points: number | null, };

/** A command. Ids in it were made by the device, so that doing it again does the same. */
export type Command = { "set_about": Array<[AboutField, Scalar | null]> } | { "set_kinds": {
  /** Codes to add. */
  add: Array<string>,
  /** Codes to remove. */
  remove: Array<string>, } } | { "record_attendance": Array<[MemberId, Attendance | null]> } | { "edit_minutes": {
  /** What he saw. */
  before: string,
  /** What he left. */
  after: string, } } | { "set_resolution": {
  /** The resolution. */
  entry: EntryId,
  /** Its text. */
  text: string,
  /** Which decision rule of the rule book it stands under, e.g. `general_vote`. */
  decision: string | null,
  /** The count. */
  ballot: Ballot | null, } } | { "set_follow_up": {
  /** The follow-up. */
  entry: EntryId,
  /** What is to be done. */
  text: string,
  /** By whom. */
  owner: MemberId | null,
  /** Until when, `YYYY-MM-DD`. */
  due: string | null,
  /** Whether it is done. */
  done: boolean, } } | { "set_observer": {
  /** The observer entry. */
  entry: EntryId,
  /** The post; `None` removes it. */
  post: string | null, } } | { "set_agenda_item": {
  /** The item. */
  entry: EntryId,
  /** Its text; `None` removes it. */
  text: string | null, } } | { "review": {
  /** The event's id. */
  event: EntryId,
  /** The word. */
  verb: Verb,
  /** The slot it is about. */
  slot: string | null,
  /** What to do. */
  comment: string | null,
  /** For a redo. */
  reason: RedoReason | null, } } | { "amend": {
  /** The amendment's id. */
  entry: EntryId,
  /** The slot. */
  slot: string,
  /** The text that should stand there. */
  text: string, } } | { "resolve": {
  /** The slot, e.g. `about.place`. */
  slot: string,
  /** The value that stays. */
  keep: Scalar, } } | { "claim_points": {
  /** The entry's id. */
  entry: EntryId,
  /** The claim. */
  claim: Claim, } } | { "judge_points": {
  /** The event's id. */
  event: EntryId,
  /** The entry. */
  entry: EntryId,
  /** The word. */
  verb: PointsVerb,
  /** Why. */
  reason: PointsReason | null, } } | { "set_member": {
  /** The member. */
  member: MemberId,
  /** Fields to set or clear. */
  fields: Array<[MemberField, Scalar | null]>, } } | { "assign_class": {
  /** The member. */
  member: MemberId,
  /** The class code. */
  class: string,
  /** From this date. */
  from: string, } } | { "exclude_from_quorum": {
  /** The exclusion's id. */
  entry: EntryId,
  /** The member. */
  member: MemberId,
  /** The approved reason, 1 to 5. A code, never a diagnosis or a case. */
  reason: number,
  /** From this date. */
  from: string,
  /** To this date, if it ends. */
  to: string | null,
  /** Number of the approving document. */
  approval_doc: string, } } | { "assign_post": {
  /** The member. */
  member: MemberId,
  /** The post's word of the glossary. */
  post: string,
  /** Since; `None` ends it. */
  since: string | null, } } | { "adopt_rule_book": {
  /** E.g. `QL-2026-V1`. */
  version: string,
  /** The rule book in CBOR. */
  book: Array<number>, } } | { "attach_photo": {
  /** The photo's id. */
  entry: EntryId,
  /** Its two pictures, by name. */
  photo: Attachment, } } | { "remove_photo": {
  /** The photo's id. */
  entry: EntryId, } };

/** How a fraction is compared. */
export type Comparison = "gte" | "gt";

/** A points cycle: one year, both days inclusive. */
export type Cycle = {
  /** First day. */
  start: string,
  /** Last day. */
  end: string, };

/** What one kind of decision needs (domain rules 2.2, as data). */
export type DecisionRule = {
  /** Code, unique in the book: `general_vote`, `admission`, ... */
  code: string,
  /** Chinese name. */
  name: string,
  /** How many must be there. */
  presence: QuorumRule,
  /** How many must say yes; `None` where nothing is voted on. */
  pass: QuorumRule | null,
  /** Whether a written opinion handed in before the meeting counts as a vote. */
  written_votes: boolean, };

/** An enrolled phone or laptop, or a staff account's own hand on the server. */
export type DeviceId = string;

/** A district: the partition of everything. Also the id of its root [`OrgId`]. */
export type DistrictId = string;

/** An entry inside a record: an event, a claim, a resolution, a follow-up. */
export type EntryId = string;

/** One claim. */
export type EntrySheet = {
  /** The entry. */
  entry: EntryId,
  /** What was said about it, oldest first. */
  words: Array<WordLine>,
  /** The rule's code, e.g. `C01`. */
  rule: string,
  /** The civil date of the deed. */
  date: string,
  /** How many of the rule's units: hours, times, items. */
  units: number,
  /** What was done (事由), at most 80 characters: about the deed, never about a person. */
  matter: string,
  /** The points chosen, for rules that leave a choice (受表彰 3 to 10). */
  points: number | null, };

/** A review event and who said it. */
export type EventLine = {
  /** The event's id. */
  id: EntryId,
  /** By whom. */
  name: string,
  /** When, by that device's clock. */
  at: Millis | null,
  /** What is said. */
  verb: Verb,
  /** The events that its author had before him and that this one replaces. */
  supersedes: Array<EntryId>,
  /** The slot that a return is about, e.g. `about.place`. */
  slot: string | null,
  /** What to do, about the record; at most 300 characters. */
  comment: string | null,
  /** For [`Verb::RedoRequired`]. */
  reason: RedoReason | null, };

/** What an award refers to. There is no photo, place or check-in among them, and never will be. */
export type Evidence = "attendance" | "dues_ledger" | "class_roll" | "receipt" | "contact_log" | "visit_log" | "post_sheet" | "task_item" | "service_log" | "service_item" | "assignment" | "pairing_log" | "lecturer" | "resolution" | "document_number" | "reversal";

/** A reason for leaving a member out of should-attend. The roster keeps the code only. */
export type ExclusionReason = {
  /** 1 to 5. */
  code: number,
  /** Chinese wording. */
  name: string, };

/** What became of a command on this phone. */
export type Executed = {
  /** The change, durable on this phone; none when nothing would change. */
  saved: Saved | null,
  /** Why the server would refuse it, as far as this phone knows. */
  foreseen: RefusalCode | null,
  /** The same for people. */
  hint: string | null, };

/** A field that a kind adds to an activity. */
export type ExtraField = {
  /** Code, for example `lecturer_level`. */
  code: string,
  /** Chinese name. */
  name: string,
  /** What it holds. */
  kind: FieldKind,
  /** Whether an activity cannot be submitted without it. */
  is_required: boolean, };

/** What an extra field of an activity kind holds. */
export type FieldKind = "text" | "number" | "date" | "members" | "orgs" | "checklist" | "items" | "votes" | "reference";

/** Something to be done after an activity. */
export type FollowUpView = {
  /** What. */
  text: string,
  /** By whom. */
  owner: MemberId | null,
  /** Until when. */
  due: string | null,
  /** Whether it is done. */
  done: boolean, };

/** How often an activity is due. */
export type Frequency = {
  /** Times. */
  count: number,
  /** Per this. */
  period: Period,
  /** The fixed day of the month, 1 to 28. */
  fixed_day: number | null,
  /** The quarter it belongs to, 1 to 4. */
  quarter: number | null, };

/** A grade, for reference only: nothing follows from it. */
export type GradeBand = {
  /** Chinese name. */
  name: string,
  /** Totals of this grade. */
  points: PointRange, };

/** One hand on one slot. */
export type HistoryLine = {
  /** What was written; for a text, what was put in. */
  value: ShownValue,
  /** For a text, how many characters were taken out. */
  deleted: number,
  /** Who. */
  name: string,
  /** With which device. */
  device_name: string,
  /** When, by that device's clock. */
  at: Millis, };

/** What the last successful synchronisation was. */
export type LastSync = {
  /** When it ended, on this device's clock. */
  at: Millis,
  /** Body bytes sent, compressed. */
  bytes_up: number,
  /** Body bytes received, compressed. */
  bytes_down: number,
  /** How often the server was asked. */
  round_trips: number, };

/** One member's points of a cycle. */
export type LedgerSheet = {
  /** The member. */
  member: MemberId,
  /** His number on the roster. */
  number: number,
  /** His name. */
  name: string,
  /** The rule book that was reckoned by. */
  book: string,
  /** The cycle. */
  cycle: Cycle,
  /** Every entry with its rule, and the cap that applied. */
  lines: Array<LedgerSheetLine>,
  /** What counts. */
  confirmed: Totals,
  /** What would count if everything open were filed and approved. */
  provisional: Totals,
  /** For reference only. */
  grade: GradeBand | null,
  /** The claims and what was said about them. */
  entries: Array<EntrySheet>, };

/** One line of the ledger with its words. */
export type LedgerSheetLine = {
  /** The rule's name. */
  rule_name: string,
  /** The activity's title, or the claim's matter. */
  matter: string,
  /** The day of the fact. */
  date: string,
  /** The activity or entry. */
  source: LineSource,
  /** Code of the rule. */
  rule: string,
  /** Points before any cap; negative for deductions. */
  raw: number,
  /** Points that count. */
  counted: number,
  /** Why fewer points count, if so: the tightest cap. */
  capped_by: Cap | null,
  /** Whether it counts already. */
  state: LineState, };

/** The level of organisation that holds an activity. */
export type Level = "group" | "branch" | "township" | "district";

/** Where a line comes from. */
export type LineSource = { "activity": RecordId } | { "entry": EntryId };

/** Whether a line counts already. */
export type LineState = "confirmed" | "provisional" | "declined" | "reversed";

/** The phone's owner, and what he may see. */
export type Me = {
  /** His name as shown. */
  name: string,
  /** The account. */
  account: AccountId,
  /** This device. */
  device: DeviceId,
  /** The member behind the account, if any. */
  member: MemberId | null,
  /** What he may do, and where. */
  posts: Array<Post>,
  /** The orgs in scope and the path above them: branches, their groups, township, district. */
  orgs: Array<Org>,
  /** Those of them that keep a roster and activities which this phone may hold, by name. */
  branches: Array<OrgId>,
  /** The district's words for its levels. */
  naming: NamingScheme,
  /** The district. */
  district: DistrictId, };

/** A member class. */
export type MemberClass = {
  /** Code, for example `MOBILE`. */
  code: string,
  /** Chinese name. */
  name: string,
  /** Whether a grade is shown. */
  is_graded: boolean,
  /** Whether no deduction ever hits it. */
  is_exempt_from_deductions: boolean, };

/**
 * The single-valued fields of a person on the roster, `members.<member>.*`. The list is closed on purpose:
 * no belief, health, family, wage, identity number, place or free text (DESIGN, the ban list).
 */
export type MemberField = "name" | "number" | "sex" | "membership" | "joined_on" | "confirmed_on" | "group" | "left_on";

/** A person on a roster. */
export type MemberId = string;

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number;

/** Which words the place uses for its levels (区 / 县 / 旗). */
export type NamingScheme = "qu" | "xian" | "qi";

/** One node of the tree. */
export type Org = {
  /** Its identity. */
  id: OrgId,
  /** The node above; none for the district itself. */
  parent: OrgId | null,
  /** What it is. */
  org_type: OrgType,
  /** Its name as shown, e.g. 白桦嘎查党支部. */
  name: string, };

/** A node of the organisation tree, of any type. */
export type OrgId = string;

/** What a node of the tree is. */
export type OrgType = "district" | "township" | "committee" | "work_committee" | "general_branch" | "branch" | "joint_branch" | "mobile_branch" | "temporary_branch" | "group";

/** How often something is due, or how long a cap reaches. */
export type Period = "month" | "quarter" | "half_year" | "year" | "term";

/** Where this phone stands. */
export type PhoneStatus = {
  /** The server. */
  server: string,
  /** The owner. */
  name: string,
  /** This device. */
  device: DeviceId,
  /** Changes saved here that have no receipt: not uploaded. */
  pending: number,
  /** Those of them that are in an envelope, and so perhaps on their way. */
  in_envelope: number,
  /** Bytes of all that are pending. */
  waiting_bytes: number,
  /** Changes of this device that the server has receipted, ever. */
  receipted: number,
  /** Photos saved here of which the server does not hold all: not uploaded. Those of refused changes apart. */
  photos_waiting: number,
  /** Bytes that are missing there, thumbnails included. */
  photo_bytes_waiting: number,
  /** Refused changes that are listed. */
  refused: number,
  /** Those of them that nobody has looked at. */
  refused_unseen: number,
  /** Envelopes of others that are still to be delivered. */
  carried: number,
  /** Records held. */
  records: number,
  /** The last synchronisation that came to its end, and what it cost. */
  last_sync: LastSync | null,
  /** The server's clock minus this device's, in milliseconds. */
  clock_offset_ms: number,
  /** When the server was seen to have been restored from a backup, if ever. */
  server_restored_at: Millis | null,
  /** This phone comes from an old backup and must synchronise before its work can be delivered. */
  restored: boolean, };

/** How a photo is written, as HTTP names it. */
export type PhotoFormat = "image/jpeg" | "image/webp";

/** One photo. */
export type PhotoLine = {
  /** Its id, by which it is shown and removed. */
  id: EntryId,
  /** Where it is. */
  state: PhotoState,
  /** The photo. */
  photo: BlobHash,
  /** Its bytes, at most [`MAX_PHOTO_BYTES`]. */
  size_bytes: number,
  /** The same, small. */
  thumb: BlobHash,
  /** The thumbnail's bytes, at most [`MAX_THUMB_BYTES`]. */
  thumb_bytes: number,
  /** How both are written. */
  mime: PhotoFormat, };

/** Where a photo is. */
export type PhotoState = "waiting" | "uploaded" | "elsewhere";

/** Most points of one rule in a period; negative for deductions. */
export type PointCap = {
  /** Points. */
  points: number,
  /** Month, quarter or year (the cycle). */
  period: Period, };

/** One of the points to choose from. */
export type PointChoice = {
  /** Points. */
  points: number,
  /** Chinese name, for example 乡镇级. */
  name: string, };

/** Points from `min` to `max`, both inclusive. */
export type PointRange = {
  /** Least. */
  min: number,
  /** Most. */
  max: number, };

/** One point rule. */
export type PointRule = {
  /** Code, for example `A01`. */
  code: string,
  /** Chinese name. */
  name: string,
  /** Code of its [`Category`](super::Category). */
  category: string,
  /** Points of one award; a range where the committee chooses. */
  points: PointRange,
  /** The only points that may be chosen from the range, with their reason; empty: any. */
  choices: Array<PointChoice>,
  /** What is counted, in Chinese: 次, 季, 小时. */
  unit: string,
  /** How many units make one award, for example 2 (hours). Units add up over the cycle. */
  units_per_award: number,
  /** Most points per period. */
  caps: Array<PointCap>,
  /** Whether only the highest award of one matter counts (同事取最高). */
  highest_per_matter: boolean,
  /** What an award refers to. */
  evidence: Evidence,
  /** Where its facts come from. */
  source: Source,
  /** Who says yes, in order. A derived award passes the committee as a batch. */
  approval: Array<ApprovalStep>,
  /** Codes of the classes it applies to; empty: everyone. */
  classes: Array<string>,
  /** Codes of the rules that count nothing for `classes`, because this one takes their place. */
  replaces: Array<string>,
  /** Switched on. */
  is_enabled: boolean, };

/** One step on a point entry, written once under its own id. */
export type PointsEvent = {
  /** The entry it is about. */
  entry: EntryId,
  /** What is said. */
  verb: PointsVerb,
  /** Why, where a reason belongs. */
  reason: PointsReason | null, };

/** Why an entry was declined, reversed or objected to. A closed list: no free text about a person. */
export type PointsReason = "no_evidence" | "duplicate" | "wrong_rule" | "wrong_date" | "wrong_units" | "mistake";

/** What is said about a point entry (claim chain of domain report 2.5). */
export type PointsVerb = "verified" | "approved" | "township_filed" | "declined" | "reversed" | "objected";

/** A role held at an org. */
export type Post = {
  /** What may be done. */
  role: Role,
  /** Where, and below. */
  org: OrgId, };

/** Whether enough people came for one kind of meeting. */
export type PresenceLine = {
  /** Code of the activity kind. */
  kind: string,
  /** Its name. */
  name: string,
  /** Code of the decision rule. */
  rule: string,
  /** The arithmetic. */
  presence: Threshold, };

/** A fraction that must be reached: `num/den` of `base`, "at least" or "more than". */
export type QuorumRule = {
  /** Numerator. */
  num: number,
  /** Denominator; the import refuses 0. */
  den: number,
  /** At least, or more than. */
  op: Comparison,
  /** Of whom. */
  base: Base, };

/** The heads of a meeting and what they suffice for. */
export type QuorumSheet = {
  /** Everyone on the roster that day. */
  on_roster: number,
  /** 应到会. */
  should_attend: number,
  /** 有表决权. */
  vote_eligible: number,
  /** 实到会. */
  present: number,
  /** Present with a vote. */
  present_voters: number,
  /** 请假. */
  leave: number,
  /** 无故缺席. */
  absent: number,
  /** No mark yet. */
  unmarked: number,
  /** Excluded with approval, and the reason code. */
  excluded: Array<[MemberId, number]>,
  /** Marked as excluded without an approval: they count. */
  unapproved: Array<MemberId>,
  /** Whether the meeting may be held, for each of its kinds that asks. */
  presence: Array<PresenceLine>,
  /** How each vote stands. */
  votes: Array<VoteLine>, };

/** One record, one Automerge document. */
export type RecordId = string;

/**
 * A record by its full reference and the id that follows from it. A record that nobody wrote yet can be named by
 * nothing shorter.
 */
export type RecordKey = {
  /** The record. */
  id: RecordId,
  /** The kind. */
  kind: RecordKind,
  /** The org that owns it. */
  org: OrgId,
  /** The calendar year (activity) or the cycle's first year (points); [`STANDING`] for the rest. */
  year: number,
  /**
   * What tells it from its neighbours: the activity's own UUIDv7, or for natural keys the member (points) or
   * the org again.
   */
  key: EntryId, };

/** The kinds of record. */
export type RecordKind = "activity" | "points" | "roster" | "rule_book";

/**
 * Everything that says which record is meant and where it belongs.
 *
 * It travels with each change, so that the first change of a record needs no other introduction.
 */
export type RecordRef = {
  /** The kind. */
  kind: RecordKind,
  /** The org that owns it. */
  org: OrgId,
  /** The calendar year (activity) or the cycle's first year (points); [`STANDING`] for the rest. */
  year: number,
  /**
   * What tells it from its neighbours: the activity's own UUIDv7, or for natural keys the member (points) or
   * the org again.
   */
  key: EntryId, };

/** Why an activity must be held again: about procedure, never about persons (domain report, 1a no. 7). */
export type RedoReason = "no_quorum" | "no_topic" | "wrong_attendees" | "not_held";

/** The code of a refusal. The list is append-only: phones in the field know these words. */
export type RefusalCode = "malformed" | "too_large" | "wrong_signature" | "unknown_device" | "device_revoked" | "wrong_district" | "counter_reused" | "not_a_change" | "bad_checksum" | "malformed_change" | "not_canonical" | "wrong_record" | "unknown_org" | "wrong_actor" | "sequence_conflict" | "missing_dependency" | "depends_on_refused" | "wrong_start" | "unknown_object" | "unknown_field" | "forbidden_action" | "wrong_value" | "wrong_predecessor" | "already_written" | "too_many_photos" | "record_full" | "no_right" | "record_filed" | "record_void" | "wrong_step" | "own_entry" | "unknown";

/** One refused change. */
export type RefusedSheet = {
  /** Its number, by which it is corrected, sent again or let go. */
  number: number,
  /** The record. */
  record: RecordId,
  /** The change's name, by which the server keeps it too. */
  hash: string,
  /** When it was made, by this device's clock. */
  made_at: Millis,
  /** When the refusal was learnt, by this device's clock. */
  refused_at: Millis,
  /** Why, for people. */
  reason: string,
  /** What had been written, in the order of writing. */
  written: Array<WrittenLine>,
  /** What the person did, to be corrected and done again. */
  command: Command,
  /** Whether the person has been shown it. */
  seen: boolean,
  /** For programs, and for [`RefusalCode::plain`]. */
  code: RefusalCode,
  /** The slot of the record, e.g. `about.place`. */
  slot: string | null,
  /** For those who read logs. No personal data. */
  detail: string | null, };

/** A resolution and its vote. */
export type ResolutionView = {
  /** Its text. */
  text: string,
  /** The decision rule it stands under. */
  decision: string | null,
  /** Votes for. */
  yes: number | null,
  /** Votes against. */
  no: number | null,
  /** Abstentions. */
  abstain: number | null, };

/** One review event, written once under its own id. */
export type ReviewEvent = {
  /** What is said. */
  verb: Verb,
  /** The events that its author had before him and that this one replaces. */
  supersedes: Array<EntryId>,
  /** The slot that a return is about, e.g. `about.place`. */
  slot: string | null,
  /** What to do, about the record; at most 300 characters. */
  comment: string | null,
  /** For [`Verb::RedoRequired`]. */
  reason: RedoReason | null, };

/** What an account may do at an org and below it (domain report, 4). */
export type Role = "district_admin" | "district_reviewer" | "township_officer" | "branch_secretary" | "branch_recorder" | "group_leader" | "member" | "observer";

/** One member on the roll. */
export type RollLine = {
  /** The member. */
  member: MemberId,
  /** His number on the roster. */
  number: number,
  /** His name. */
  name: string,
  /** His party group (党小组), if he is in one. */
  group: OrgId | null,
  /** Its name, where this phone knows it. */
  group_name: string | null,
  /** His mark, if he has one. */
  state: Attendance | null, };

/** One person of the roster. */
export type RosterLine = {
  /** The member. */
  member: MemberId,
  /** Name of his party group (党小组), where this phone knows it. */
  group_name: string | null,
  /** The reason code of an exclusion that holds today. */
  excluded: number | null,
  /** 姓名. */
  name: string,
  /** 名册序号: the order of every list. */
  number: number,
  /** `f` or `m`. */
  sex: string | null,
  /** Whether a full member: has a vote. */
  is_full: boolean,
  /** 入党时间. */
  joined_on: string | null,
  /** 党小组. */
  group: OrgId | null,
  /** 转出日期. */
  left_on: string | null,
  /** Class codes by the date from which they hold. */
  classes: Record<string, string>,
  /** Posts on the committee, since when. */
  posts: Record<string, string>, };

/** A change that is durable on this phone, and no more than that. */
export type Saved = {
  /** Its number among the pending changes. */
  number: number,
  /** Its record. */
  record: RecordRef,
  /** Its name. */
  hash: ChangeHash, };

/** A single value as a record holds it. */
export type Scalar = string | number | boolean;

/** A single value, as JSON shows it. */
export type ShownValue = string | number | boolean | null;

/** Where the facts of a rule come from. */
export type Source = {
  /** Which sort. */
  kind: SourceKind,
  /** Codes of the activity kinds, for attendance, lecturer and absence. */
  activity_kinds: Array<string>,
  /** The attendance states that earn the award, for attendance. */
  states: Array<Attendance>, };

/** Where the facts for a point rule come from. */
export type SourceKind = "attendance" | "lecturer" | "absence" | "dues" | "training" | "claim" | "reversal";

/** Where an activity stands. */
export type Status = "draft" | "planned" | "held" | "submitted" | "filed" | "returned" | "redo_required" | "reopened" | "voided";

/** What a synchronisation did. */
export type SyncReport = {
  /** Own changes that count now: "uploaded". */
  stored: number,
  /** Own changes that were refused and wait for the person. */
  refused: number,
  /** Own changes that were made again without troubling the person. */
  rewritten: number,
  /** Changes read. */
  received: number,
  /** Envelopes of others that were delivered. */
  delivered: number,
  /** Changes that a server which was restored from a backup took back from this phone. */
  recovered: number,
  /** How often the server was asked. */
  round_trips: number,
  /** Body bytes sent, compressed. */
  bytes_up: number,
  /** Body bytes received, compressed. */
  bytes_down: number, };

/** How a count stands against a fraction. */
export type Threshold = {
  /** Those counted. */
  have: number,
  /** Of how many. */
  of: number,
  /** The smallest number that would do. */
  needed: number,
  /** Whether it is reached. Nothing is reached where there is nobody to count. */
  met: boolean,
  /** The fraction is one half and exactly half is there: "半数以上" is read both ways, so a person must look. */
  at_exactly_half: boolean, };

/** Sums of lines. */
export type Totals = {
  /** Counted points by category code. Every category of the book is listed. */
  by_category: { [key in string]: number },
  /** All categories together. */
  sum: number,
  /** The sum within the bounds of the book: what is shown as the total. */
  total: number, };

/** What a review event says about an activity. */
export type Verb = "submitted" | "filed" | "returned" | "redo_required" | "reopened" | "voided";

/** A sum that cannot be right. With any of them nothing is adopted until a person corrects it. */
export type VoteFault = { "more_votes_than_voters": {
  /** Votes counted. */
  cast: number,
  /** Voters there, and those who wrote. */
  voters: number, } } | { "written_not_taken": {
  /** Written votes given. */
  written: number, } } | { "too_many_written": {
  /** Written votes given. */
  written: number,
  /** The most that there can be. */
  possible: number, } } | { "nothing_to_vote_on": {
  /** Votes counted. */
  cast: number, } };

/** How one vote stands. */
export type VoteLine = {
  /** The resolution. */
  entry: EntryId,
  /** Its text. */
  text: string,
  /** Code of its decision rule. */
  rule: string | null,
  /** The arithmetic; none when it was not voted on or its rule is unknown. */
  outcome: VoteOutcome | null, };

/** What a vote came to. */
export type VoteOutcome = {
  /** Were enough there? */
  presence: Threshold,
  /** Did enough say yes? `None` where nothing is voted on. */
  pass: Threshold | null,
  /** Sums that cannot be right. */
  faults: Array<VoteFault>,
  /** Enough were there, enough said yes, and the sums are right. */
  adopted: boolean, };

/** One change that waits for its receipt. */
export type WaitingLine = {
  /** Its number; it keeps it until it is receipted or refused. */
  number: number,
  /** The record. */
  record: RecordId,
  /** What the record is. */
  kind: RecordKind,
  /** Whose record it is. */
  org: OrgId,
  /** An activity's title, or the name of the member whose points these are; empty where there is none. */
  title: string,
  /** What was written, in the order of writing. */
  written: Array<WrittenLine>,
  /** How large it is. */
  bytes: number,
  /** When it was made, by this device's clock. */
  made_at: Millis,
  /** Whether it is in a signed envelope, and so perhaps on its way. */
  in_envelope: boolean, };

/** One word about a claim. */
export type WordLine = {
  /** The word. */
  verb: PointsVerb,
  /** Why, where a reason belongs. */
  reason: PointsReason | null,
  /** Who said it. */
  name: string,
  /** When, by that device's clock. */
  at: Millis | null, };

/** One slot that a change wrote. */
export type WrittenLine = {
  /** The slot, e.g. `about.place`. */
  slot: string,
  /** What was written; for a text, what was put in. */
  value: WrittenValue,
  /** For a text, how many characters were taken out. */
  deleted: number, };

/** What was written at a slot. */
export type WrittenValue = ShownValue | ReviewEvent | Amendment | Attachment | Claim | PointsEvent;
