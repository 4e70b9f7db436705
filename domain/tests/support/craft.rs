//! Changes that no honest phone writes, with a right checksum.

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType, SortedVec};
use automerge::{ActorId, Change, ExpandedChange, ScalarValue};
use sha2::{Digest, Sha256};
use zhibu_domain::command::{Command, MemberField};
use zhibu_domain::record::{Actor, RecordKind};

use super::Phone;

/// The column numbers of the change format.
pub(crate) mod column {
    pub(crate) const OBJECT_ACTOR: u64 = 0x01;
    pub(crate) const OBJECT_COUNTER: u64 = 0x02;
    pub(crate) const KEY_TEXT: u64 = 0x15;
    pub(crate) const INSERT: u64 = 0x34;
    pub(crate) const ACTION: u64 = 0x42;
    pub(crate) const VALUE_META: u64 = 0x56;
    pub(crate) const VALUE: u64 = 0x57;
    pub(crate) const PREDECESSOR_COUNT: u64 = 0x70;
    pub(crate) const PREDECESSOR_ACTOR: u64 = 0x71;
    pub(crate) const PREDECESSOR_COUNTER: u64 = 0x73;
}

pub(crate) fn unsigned(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        bytes.push(if value == 0 { byte } else { byte | 0x80 });
        if value == 0 {
            return bytes;
        }
    }
}

pub(crate) fn signed(mut value: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        let last = (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0);
        bytes.push(if last { byte } else { byte | 0x80 });
        if last {
            return bytes;
        }
    }
}

/// A run of `times` equal values whose encoding is given: shorter than two is a literal.
pub(crate) fn run(times: i64, value: &[u8]) -> Vec<u8> {
    [signed(if times == 1 { -1 } else { times }), value.to_vec()].concat()
}

/// A chunk of a type, with the right length and checksum.
pub(crate) fn chunk(kind: u8, body: &[u8]) -> Vec<u8> {
    let checked = [vec![kind], unsigned(body.len() as u64), body.to_vec()].concat();
    let sum = Sha256::digest(&checked);
    [&[0x85, 0x6f, 0x4a, 0x83][..], &sum[..4], &checked].concat()
}

/// The body of a chunk.
pub(crate) fn body(bytes: &[u8]) -> &[u8] {
    let length = bytes[9..].iter().position(|byte| byte & 0x80 == 0).map_or(1, |last| last + 1);
    &bytes[9 + length..]
}

/// A change chunk field by field, for what Automerge's own encoder would not write.
#[derive(Debug, Clone)]
pub(crate) struct RawChange {
    pub(crate) dependencies: Vec<Vec<u8>>,
    pub(crate) actor: Vec<u8>,
    pub(crate) sequence: u64,
    pub(crate) start: u64,
    pub(crate) time: i64,
    pub(crate) message: Vec<u8>,
    pub(crate) others: Vec<Vec<u8>>,
    pub(crate) columns: Vec<(u64, Vec<u8>)>,
    pub(crate) extra: Vec<u8>,
}

impl RawChange {
    /// The fields of a change that Automerge wrote.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let header = Change::from_bytes(bytes.to_vec()).unwrap();
        let others = header.other_actor_ids().iter().map(|actor| actor.to_bytes().to_vec()).collect();
        let mut raw = Self {
            dependencies: header.deps().iter().map(|hash| hash.0.to_vec()).collect(),
            actor: header.actor_id().to_bytes().to_vec(),
            sequence: header.seq(),
            start: header.start_op().get(),
            time: header.timestamp(),
            message: header.message().unwrap_or_default().as_bytes().to_vec(),
            others,
            columns: Vec::new(),
            extra: header.extra_bytes().to_vec(),
        };
        let mut rest = &body(bytes)[raw.head().len()..];
        let mut number = || {
            let (mut value, mut place) = (0u64, 0);
            loop {
                let (byte, after) = rest.split_first().unwrap();
                rest = after;
                value |= u64::from(byte & 0x7f) << place;
                place += 7;
                if byte & 0x80 == 0 {
                    return value;
                }
            }
        };
        let table: Vec<_> = (0..number()).map(|_| (number(), number())).collect();
        for (specification, length) in table {
            let (column, after) = rest.split_at(length as usize);
            rest = after;
            raw.columns.push((specification, column.to_vec()));
        }
        raw
    }

    /// An empty change of a phone upon what its record holds, to be filled with columns.
    pub(crate) fn upon(phone: &Phone) -> Self {
        let expanded = blank(phone);
        Self {
            dependencies: expanded.deps.iter().map(|hash| hash.0.to_vec()).collect(),
            actor: expanded.actor_id.to_bytes().to_vec(),
            sequence: expanded.seq,
            start: expanded.start_op.get(),
            time: expanded.time,
            message: Vec::new(),
            others: vec![vec![0; Actor::LEN]],
            columns: Vec::new(),
            extra: Vec::new(),
        }
    }

    fn head(&self) -> Vec<u8> {
        let sized = |bytes: &[u8]| [unsigned(bytes.len() as u64), bytes.to_vec()].concat();
        let mut head = unsigned(self.dependencies.len() as u64);
        head.extend(self.dependencies.concat());
        head.extend(sized(&self.actor));
        head.extend(unsigned(self.sequence));
        head.extend(unsigned(self.start));
        head.extend(signed(self.time));
        head.extend(sized(&self.message));
        head.extend(unsigned(self.others.len() as u64));
        self.others.iter().for_each(|other| head.extend(sized(other)));
        head
    }

    /// The chunk's body.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = self.head();
        body.extend(unsigned(self.columns.len() as u64));
        for (specification, column) in &self.columns {
            body.extend(unsigned(*specification));
            body.extend(unsigned(column.len() as u64));
        }
        self.columns.iter().for_each(|(_, column)| body.extend(column));
        body.extend(&self.extra);
        body
    }

    /// The change chunk.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        chunk(1, &self.body())
    }

    /// Replaces a column.
    pub(crate) fn with(mut self, specification: u64, column: Vec<u8>) -> Self {
        self.columns.retain(|(known, _)| *known != specification);
        self.columns.push((specification, column));
        self.columns.sort_by_key(|(known, _)| *known);
        self
    }
}

/// The decoded form of a change.
pub(crate) fn expand(bytes: &[u8]) -> ExpandedChange {
    Change::from_bytes(bytes.to_vec()).unwrap().decode()
}

/// A change from its decoded form, as Automerge itself encodes it.
pub(crate) fn encode(change: &ExpandedChange) -> Vec<u8> {
    Change::from(change.clone()).raw_bytes().to_vec()
}

/// A change without operations, by the phone's actor upon what its record holds.
pub(crate) fn blank(phone: &Phone) -> ExpandedChange {
    let honest = match phone.record.reference().kind {
        RecordKind::Points => super::claim(u64::MAX),
        RecordKind::Roster => {
            let fields = vec![(MemberField::Name, Some("样板".into()))];
            Command::SetMember { member: super::member(200), fields }
        }
        _ => super::title("样板"),
    };
    ExpandedChange { operations: Vec::new(), ..expand(&phone.clone().write(&honest)) }
}

/// A change of these operations, by the phone's actor upon what its record holds.
pub(crate) fn forge(phone: &Phone, operations: Vec<Op>) -> Vec<u8> {
    encode(&ExpandedChange { operations, ..blank(phone) })
}

/// The object of an activity's container; `minutes` is the sixth.
pub(crate) fn object(nth: u64) -> ObjectId {
    ObjectId::Id(OpId::new(nth, &ActorId::from(&[0u8; Actor::LEN][..])))
}

pub(crate) const ABOUT: u64 = 1;
pub(crate) const ATTENDANCE: u64 = 3;
pub(crate) const MINUTES: u64 = 6;
pub(crate) const EVENTS: u64 = 9;
pub(crate) const AMENDMENTS: u64 = 10;
pub(crate) const ATTACHMENTS: u64 = 11;

pub(crate) fn op(nth: u64, key: &str, action: OpType, pred: Vec<OpId>) -> Op {
    Op { action, obj: object(nth), key: Key::Map(key.into()), pred: SortedVec::from(pred), insert: false }
}

pub(crate) fn put(nth: u64, key: &str, value: impl Into<ScalarValue>, pred: Vec<OpId>) -> Op {
    op(nth, key, OpType::Put(value.into()), pred)
}

/// An insertion into the minutes behind an element.
pub(crate) fn insert(behind: ElementId, value: impl Into<ScalarValue>) -> Op {
    Op {
        action: OpType::Put(value.into()),
        obj: object(MINUTES),
        key: Key::Seq(behind),
        pred: SortedVec::new(),
        insert: true,
    }
}

/// The id of the nth operation of a change.
pub(crate) fn id_in(change: &[u8], nth: u64) -> OpId {
    let change = expand(change);
    OpId::new(change.start_op.get() + nth, &change.actor_id)
}
