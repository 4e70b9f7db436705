//! What each kind of record may hold: its containers, their keys, and the values that fit.
//!
//! Every container is made by the record's genesis change ([`super::genesis`]), so no author ever makes an
//! object: all that a change may do is put, delete and edit text. Keys are flat (`<entry>.text`), so two phones
//! that write two fields of one entry never hide each other's work behind two maps of the same name.

use std::str::FromStr;

use jiff::civil::Date;

use super::RecordKind;
use crate::attachment::{Attachment, MAX_PHOTOS};
use crate::attendance::Attendance;
use crate::command::Scalar;
use crate::event::{
    Amendment, Claim, MAX_COMMENT_CHARS, MAX_MATTER_CHARS, MAX_SUPERSEDED, PointsEvent, ReviewEvent,
};
use crate::ids::{EntryId, MemberId, OrgId};

/// What one container of a record holds.
#[derive(Debug)]
pub(crate) struct Container {
    /// Its key at the root of the document.
    pub name: &'static str,
    /// What is inside.
    pub holds: Holds,
    /// What may be done with a value that is there.
    pub edit: Edit,
}

/// The inside of a container.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holds {
    /// Automerge text of at most so many characters.
    Text {
        /// In Unicode code points.
        max_chars: u32,
    },
    /// A map from a closed list of names.
    Named(&'static [(&'static str, ValueShape)]),
    /// A map keyed by member.
    PerMember(ValueShape),
    /// A map keyed `<member>.<name>`.
    PerMemberNamed(&'static [(&'static str, ValueShape)]),
    /// A map keyed `<member>.<code or date>`.
    PerMemberCode(ValueShape),
    /// A map keyed by entry.
    PerEntry(ValueShape),
    /// A map keyed `<entry>.<name>`.
    PerEntryNamed(&'static [(&'static str, ValueShape)]),
    /// A map keyed by a code of the rule book or a version, `[A-Za-z0-9_-]{1,40}`.
    PerCode(ValueShape),
}

/// What may be done with a value that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Put again and deleted.
    Free,
    /// Written once, never touched again.
    Once,
    /// Written once; then it may be deleted, for good. At most so many stand at a time. A kind of record has at most
    /// one such container.
    Few(usize),
}

/// Which values fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueShape {
    /// Text of at most so many characters, no control characters but line breaks.
    Text(u32),
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of the ten attendance states.
    Attendance,
    /// A code of the rule book.
    Code,
    /// A civil date, `YYYY-MM-DD`.
    Date,
    /// A member id.
    Member,
    /// An org id.
    Org,
    /// A whole number in this range.
    Int(i64, i64),
    /// Yes or no.
    Flag,
    /// A [`ReviewEvent`] in CBOR.
    ReviewEvent,
    /// An [`Amendment`] in CBOR.
    Amendment,
    /// A [`Claim`] in CBOR.
    Claim,
    /// A [`PointsEvent`] in CBOR.
    PointsEvent,
    /// An [`Attachment`] in CBOR.
    Attachment,
    /// A rule book in CBOR, at most so many bytes.
    RuleBook(u32),
}

/// The years 1921 to 2100, in milliseconds: no meeting was held before or will be after.
const INSTANT: ValueShape = ValueShape::Int(-1_546_300_800_000, 4_102_444_800_000);
const COUNT: ValueShape = ValueShape::Int(0, 100_000);

const fn free(name: &'static str, holds: Holds) -> Container {
    Container { name, holds, edit: Edit::Free }
}

const fn once(name: &'static str, holds: Holds) -> Container {
    Container { name, holds, edit: Edit::Once }
}

/// The shapes of all kinds. The order of containers is part of the genesis bytes: append only, and only
/// together with a second genesis change.
pub(crate) const SHAPES: &[(RecordKind, &[Container])] = &[
    (RecordKind::Activity, ACTIVITY),
    (RecordKind::Points, POINTS),
    (RecordKind::Roster, ROSTER),
    (RecordKind::RuleBook, RULE_BOOK),
];

const ACTIVITY: &[Container] = &[
    free(
        "about",
        Holds::Named(&[
            ("title", ValueShape::Text(120)),
            ("theme", ValueShape::Text(200)),
            ("planned_at", INSTANT),
            ("held_from", INSTANT),
            ("held_to", INSTANT),
            ("place", ValueShape::Text(120)),
            ("host", ValueShape::Member),
            ("recorder", ValueShape::Member),
            ("lecturer", ValueShape::Member),
            ("lecture_title", ValueShape::Text(120)),
            ("hours", ValueShape::Int(0, 1_000)),
            ("paper_ref", ValueShape::Text(60)),
            ("audience_count", COUNT),
        ]),
    ),
    free("kinds", Holds::PerCode(ValueShape::Flag)),
    free("attendance", Holds::PerMember(ValueShape::Attendance)),
    free("observers", Holds::PerEntry(ValueShape::Text(60))),
    free("agenda", Holds::PerEntry(ValueShape::Text(200))),
    free("minutes", Holds::Text { max_chars: 20_000 }),
    free(
        "resolutions",
        Holds::PerEntryNamed(&[
            ("text", ValueShape::Text(500)),
            ("decision", ValueShape::Code),
            ("yes", COUNT),
            ("no", COUNT),
            ("abstain", COUNT),
        ]),
    ),
    free(
        "follow_ups",
        Holds::PerEntryNamed(&[
            ("text", ValueShape::Text(300)),
            ("owner", ValueShape::Member),
            ("due", ValueShape::Date),
            ("done", ValueShape::Flag),
        ]),
    ),
    once("events", Holds::PerEntry(ValueShape::ReviewEvent)),
    once("amendments", Holds::PerEntry(ValueShape::Amendment)),
    Container {
        name: "attachments",
        holds: Holds::PerEntry(ValueShape::Attachment),
        edit: Edit::Few(MAX_PHOTOS),
    },
];

const POINTS: &[Container] = &[
    once("entries", Holds::PerEntry(ValueShape::Claim)),
    once("events", Holds::PerEntry(ValueShape::PointsEvent)),
];

const ROSTER: &[Container] = &[
    free(
        "members",
        Holds::PerMemberNamed(&[
            ("name", ValueShape::Text(60)),
            ("number", ValueShape::Int(1, 9_999)),
            ("sex", ValueShape::Word(&["f", "m"])),
            ("membership", ValueShape::Word(&["full", "probationary"])),
            ("joined_on", ValueShape::Date),
            ("confirmed_on", ValueShape::Date),
            ("group", ValueShape::Org),
            ("left_on", ValueShape::Date),
        ]),
    ),
    free("classes", Holds::PerMemberCode(ValueShape::Code)),
    free(
        "exclusions",
        Holds::PerEntryNamed(&[
            ("member", ValueShape::Member),
            ("reason", ValueShape::Int(1, 5)),
            ("from", ValueShape::Date),
            ("to", ValueShape::Date),
            ("approval_doc", ValueShape::Text(60)),
        ]),
    ),
    free("posts", Holds::PerMemberCode(ValueShape::Date)),
];

const RULE_BOOK: &[Container] = &[once("versions", Holds::PerCode(ValueShape::RuleBook(48 << 10)))];

/// The containers of a kind.
pub(crate) fn containers(kind: RecordKind) -> &'static [Container] {
    SHAPES.iter().find(|(k, _)| *k == kind).map(|(_, containers)| *containers).unwrap_or(&[])
}

/// A container by name.
pub(crate) fn container(kind: RecordKind, name: &str) -> Option<&'static Container> {
    containers(kind).iter().find(|container| container.name == name)
}

/// The container whose object the genesis change made with its operation number `counter` (from 1).
pub(crate) fn container_of_object(kind: RecordKind, counter: u64) -> Option<&'static Container> {
    containers(kind).get(usize::try_from(counter.checked_sub(1)?).ok()?)
}

/// What a key of a container means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyMeaning<'a> {
    /// Which values fit.
    pub value: ValueShape,
    /// The member it is about, if the key says so.
    pub member: Option<MemberId>,
    /// The entry it belongs to.
    pub entry: Option<EntryId>,
    /// The field name or code.
    pub name: Option<&'a str>,
}

impl Container {
    /// What `key` means here, or nothing if this container has no such key. Ids must be written canonically
    /// (lower case, hyphens), so that one entry cannot hide under two spellings.
    pub(crate) fn key<'a>(&self, key: &'a str) -> Option<KeyMeaning<'a>> {
        let plain = |value| KeyMeaning { value, member: None, entry: None, name: None };
        match self.holds {
            Holds::Text { .. } => None,
            Holds::Named(names) => names
                .iter()
                .find(|(name, _)| *name == key)
                .map(|(_, value)| KeyMeaning { name: Some(key), ..plain(*value) }),
            Holds::PerMember(value) => Some(KeyMeaning { member: Some(canonical(key)?), ..plain(value) }),
            Holds::PerMemberNamed(names) => {
                let (member, name) = key.split_once('.')?;
                let (_, value) = names.iter().find(|(known, _)| *known == name)?;
                Some(KeyMeaning { member: Some(canonical(member)?), name: Some(name), ..plain(*value) })
            }
            Holds::PerMemberCode(value) => {
                let (member, code) = key.split_once('.')?;
                is_code(code).then_some(())?;
                Some(KeyMeaning { member: Some(canonical(member)?), name: Some(code), ..plain(value) })
            }
            Holds::PerEntry(value) => Some(KeyMeaning { entry: Some(canonical(key)?), ..plain(value) }),
            Holds::PerEntryNamed(names) => {
                let (entry, name) = key.split_once('.')?;
                let (_, value) = names.iter().find(|(known, _)| *known == name)?;
                Some(KeyMeaning { entry: Some(canonical(entry)?), name: Some(name), ..plain(*value) })
            }
            Holds::PerCode(value) => is_code(key).then_some(KeyMeaning { name: Some(key), ..plain(value) }),
        }
    }
}

fn canonical<T: FromStr + ToString>(text: &str) -> Option<T> {
    text.parse::<T>().ok().filter(|id| id.to_string() == text)
}

/// Whether a text is a code: letters, digits, `_` and `-`, at most 40.
pub fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

impl ValueShape {
    /// Whether this value fits.
    pub(crate) fn fits(self, value: &Scalar) -> bool {
        match (self, value) {
            (ValueShape::Text(max), Scalar::Text(text)) => is_plain_text(text, max),
            (ValueShape::Word(words), Scalar::Text(text)) => words.contains(&text.as_str()),
            (ValueShape::Attendance, Scalar::Text(text)) => text.parse::<Attendance>().is_ok(),
            (ValueShape::Code, Scalar::Text(text)) => is_code(text),
            (ValueShape::Date, Scalar::Text(text)) => is_date(text),
            (ValueShape::Member, Scalar::Text(text)) => canonical::<MemberId>(text).is_some(),
            (ValueShape::Org, Scalar::Text(text)) => canonical::<OrgId>(text).is_some(),
            (ValueShape::Int(min, max), Scalar::Int(number)) => (min..=max).contains(number),
            (ValueShape::Flag, Scalar::Flag(_)) => true,
            (ValueShape::ReviewEvent, Scalar::Bytes(bytes)) => {
                exact_entry(bytes).is_some_and(|e: ReviewEvent| {
                    e.supersedes.len() <= MAX_SUPERSEDED
                        && e.comment.as_deref().is_none_or(|c| is_plain_text(c, MAX_COMMENT_CHARS as u32))
                        && e.slot.as_deref().is_none_or(|s| is_plain_text(s, 120))
                })
            }
            (ValueShape::Amendment, Scalar::Bytes(bytes)) => {
                exact_entry(bytes).is_some_and(|a: Amendment| {
                    is_plain_text(&a.slot, 120) && is_plain_text(&a.text, MAX_COMMENT_CHARS as u32)
                })
            }
            (ValueShape::Claim, Scalar::Bytes(bytes)) => exact_entry(bytes).is_some_and(|c: Claim| {
                is_code(&c.rule) && c.units <= 10_000 && is_plain_text(&c.matter, MAX_MATTER_CHARS as u32)
            }),
            (ValueShape::PointsEvent, Scalar::Bytes(bytes)) => exact_entry::<PointsEvent>(bytes).is_some(),
            (ValueShape::Attachment, Scalar::Bytes(bytes)) => {
                exact_entry(bytes).is_some_and(|a: Attachment| a.is_fit())
            }
            (ValueShape::RuleBook(max), Scalar::Bytes(bytes)) => bytes.len() <= max as usize,
            _ => false,
        }
    }
}

/// Reads an entry's CBOR; nothing may follow it.
pub(crate) fn read_entry<'b, T: minicbor::Decode<'b, ()>>(bytes: &'b [u8]) -> Option<T> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let entry = decoder.decode().ok()?;
    (decoder.position() == bytes.len() && bytes.len() <= 4096).then_some(entry)
}

/// Reads an entry that says nothing beyond what this version understands: encoded again, it is the same bytes. A
/// reader skips keys that it does not know, so a free text could hide behind one.
fn exact_entry<T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>>(bytes: &[u8]) -> Option<T> {
    read_entry(bytes).filter(|entry| minicbor::to_vec(entry).is_ok_and(|again| again == bytes))
}

fn is_date(text: &str) -> bool {
    text.parse::<Date>().is_ok_and(|date| date.to_string() == text && (1900..=2999).contains(&date.year()))
}

fn is_plain_text(text: &str, max_chars: u32) -> bool {
    text.chars().count() <= max_chars as usize && !text.chars().any(|c| c.is_control() && c != '\n')
}

/// A place in a record as people and programs name it: `about.place`, `attendance.<member>`, `minutes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotPath<'a> {
    /// The container's name.
    pub container: &'a str,
    /// The key inside; empty for text.
    pub key: &'a str,
}

impl<'a> SlotPath<'a> {
    /// Splits at the first dot.
    pub fn parse(path: &'a str) -> Self {
        let (container, key) = path.split_once('.').unwrap_or((path, ""));
        Self { container, key }
    }
}

impl std::fmt::Display for SlotPath<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.key.is_empty() {
            f.write_str(self.container)
        } else {
            write!(f, "{}.{}", self.container, self.key)
        }
    }
}
