//! The cast and the stage of the gate's tests: a small district, its people with their phones, and a server that is
//! nothing but the gate's index, the record and the log.

pub(crate) mod craft;

use zhibu_domain::access::{Author, Scene};
use zhibu_domain::attachment::{Attachment, BlobHash, PhotoFormat};
use zhibu_domain::command::{AboutField, Command, Scalar};
use zhibu_domain::event::{Claim, PointsVerb, Status, Verb};
use zhibu_domain::gate::{Index, admit, decode, readmit, replay};
use zhibu_domain::ids::{AccountId, DeviceId, EntryId, MemberId, OrgId, RecordId, natural};
use zhibu_domain::org::{Org, OrgTree, OrgType, Post, Role};
use zhibu_domain::record::{Actor, Record, RecordRef, Stamp, WrittenChange};
use zhibu_domain::time::Millis;
use zhibu_domain::view::{MemberCard, RosterView};
use zhibu_domain::wire::Refusal;

/// How many members the branch has.
pub(crate) const MEMBERS: u8 = 31;

pub(crate) fn member(number: u8) -> MemberId {
    MemberId(natural(&[b"member", &[number]]))
}

pub(crate) fn entry(number: u64) -> EntryId {
    EntryId(natural(&[b"entry", &number.to_be_bytes()]))
}

fn org(name: &str) -> OrgId {
    OrgId(natural(&[name.as_bytes()]))
}

/// A district with one township, two branches in it, and a party group in each.
pub(crate) struct Cast {
    pub(crate) orgs: OrgTree,
    pub(crate) roster: RosterView,
    pub(crate) branch: OrgId,
    pub(crate) neighbour: OrgId,
}

impl Cast {
    pub(crate) fn new() -> Self {
        let node = |name: &str, parent: Option<&str>, org_type| Org {
            id: org(name),
            parent: parent.map(org),
            org_type,
            name: name.to_owned(),
        };
        let orgs = OrgTree::new([
            node("青岭旗", None, OrgType::District),
            node("白桦镇", Some("青岭旗"), OrgType::Township),
            node("东沟支部", Some("白桦镇"), OrgType::Branch),
            node("东沟一组", Some("东沟支部"), OrgType::Group),
            node("西沟支部", Some("白桦镇"), OrgType::Branch),
            node("西沟一组", Some("西沟支部"), OrgType::Group),
        ]);
        let card = |number: u8| MemberCard {
            name: format!("党员{number}"),
            number: u32::from(number),
            is_full: true,
            group: Some(org("东沟一组")),
            ..MemberCard::default()
        };
        let members = (1..=MEMBERS).map(|number| (member(number), card(number))).collect();
        let roster = RosterView { members, ..RosterView::default() };
        Self { orgs, roster, branch: org("东沟支部"), neighbour: org("西沟支部") }
    }

    pub(crate) fn activity(&self) -> RecordRef {
        RecordRef::activity(self.branch, 2026, RecordId(natural(&[b"activity"])))
    }

    pub(crate) fn ledger(&self, of: u8) -> RecordRef {
        RecordRef::points(self.branch, 2026, member(of))
    }

    pub(crate) fn roster_record(&self) -> RecordRef {
        RecordRef::roster(self.branch)
    }

    fn author(name: &str, role: Role, at: &str, member: Option<MemberId>) -> Author {
        Author {
            account: AccountId(natural(&[b"account", name.as_bytes()])),
            device: DeviceId(natural(&[b"device", name.as_bytes()])),
            member,
            posts: vec![Post { role, org: org(at) }],
        }
    }

    pub(crate) fn secretary(&self) -> Author {
        Self::author("书记", Role::BranchSecretary, "东沟支部", Some(member(1)))
    }

    pub(crate) fn recorder(&self) -> Author {
        Self::author("记录人", Role::BranchRecorder, "东沟支部", Some(member(2)))
    }

    pub(crate) fn leader(&self) -> Author {
        Self::author("组长", Role::GroupLeader, "东沟一组", Some(member(3)))
    }

    pub(crate) fn member(&self, number: u8) -> Author {
        Self::author(&format!("党员{number}"), Role::Member, "东沟支部", Some(member(number)))
    }

    pub(crate) fn neighbour_secretary(&self) -> Author {
        Self::author("邻居", Role::BranchSecretary, "西沟支部", None)
    }

    pub(crate) fn officer(&self) -> Author {
        Self::author("党建办", Role::TownshipOfficer, "白桦镇", None)
    }

    pub(crate) fn reviewer(&self) -> Author {
        Self::author("审阅人", Role::DistrictReviewer, "青岭旗", None)
    }

    pub(crate) fn admin(&self) -> Author {
        Self::author("管理员", Role::DistrictAdmin, "青岭旗", None)
    }
}

/// A person's phone with one record on it.
#[derive(Clone)]
pub(crate) struct Phone {
    pub(crate) author: Author,
    pub(crate) record: Record,
    pub(crate) epoch: u32,
}

impl Phone {
    pub(crate) fn new(author: Author, reference: RecordRef) -> Self {
        Self { author, record: Record::new(reference), epoch: 1 }
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor { device: self.author.device, epoch: self.epoch }
    }

    /// Executes a command; nothing when it changes nothing.
    pub(crate) fn try_write(&mut self, command: &Command) -> Option<WrittenChange> {
        let stamp = Stamp { actor: self.actor(), now: Millis(1_795_000_000_000) };
        self.record.execute(command, stamp).expect("the command fits the record")
    }

    pub(crate) fn write(&mut self, command: &Command) -> Vec<u8> {
        self.try_write(command).expect("the command changes something").bytes
    }

    pub(crate) fn hear(&mut self, change: &[u8]) {
        self.record.apply(change).expect("a judged change applies");
    }
}

/// What became of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Receipt {
    Stored,
    Duplicate,
}

/// The gate, the record and the log.
#[derive(Clone)]
pub(crate) struct Server<'c> {
    cast: &'c Cast,
    pub(crate) index: Index,
    pub(crate) record: Record,
    pub(crate) log: Vec<Vec<u8>>,
}

impl<'c> Server<'c> {
    pub(crate) fn new(cast: &'c Cast, reference: RecordRef) -> Self {
        Self { cast, index: Index::new(&reference), record: Record::new(reference), log: Vec::new() }
    }

    /// Judges a change; what passes is applied and logged.
    pub(crate) fn receive(&mut self, author: &Author, change: &[u8]) -> Result<Receipt, Refusal> {
        let decoded = decode(change)?;
        if self.index.holds(decoded.hash()) {
            return Ok(Receipt::Duplicate);
        }
        let reference = *self.record.reference();
        let scene = Scene {
            record: &reference,
            status: Status::Draft,
            orgs: &self.cast.orgs,
            roster: Some(&self.cast.roster),
        };
        admit(&mut self.index, &decoded, author, &scene)?;
        self.record.apply(change).expect("what the gate admits applies");
        self.log.push(change.to_vec());
        // What follows is judged by an index that was put away and opened again; for long histories now and then.
        if self.log.len() < 8 || self.log.len().is_multiple_of(64) {
            let reopened = Index::reopen(&reference, &self.index.keep()).expect("it can be reopened");
            assert!(reopened == self.index, "an index is the same after it was put away");
            self.index = reopened;
        }
        Ok(Receipt::Stored)
    }

    /// A change that was in the log before the server was set back comes back, vouched for.
    pub(crate) fn take_back(&mut self, change: &[u8]) {
        readmit(&mut self.index, &decode(change).unwrap()).expect("what was in the log");
        self.record.apply(change).expect("what was in the log applies");
        self.log.push(change.to_vec());
    }

    /// Forgets everything but the log, and comes back from it.
    pub(crate) fn restart(&mut self) {
        let reference = *self.record.reference();
        let mut index = Index::new(&reference);
        for change in &self.log {
            replay(&mut index, change).expect("the log replays");
        }
        assert!(index == self.index, "the log gives the same index");
        self.index = index;
        self.record = Record::from_changes(reference, &self.log).expect("the log applies");
    }

    /// A phone that holds all that the server holds.
    pub(crate) fn phone(&self, author: Author) -> Phone {
        Phone { author, record: self.record.clone(), epoch: 1 }
    }

    /// The author writes on an up-to-date phone and delivers; the change must pass.
    pub(crate) fn accept(&mut self, author: &Author, command: &Command) -> Vec<u8> {
        let mut phone = self.phone(author.clone());
        let change = phone.write(command);
        assert_eq!(self.receive(author, &change), Ok(Receipt::Stored), "an honest change");
        change
    }
}

pub(crate) fn set(field: AboutField, value: impl Into<Scalar>) -> Command {
    Command::SetAbout(vec![(field, Some(value.into()))])
}

pub(crate) fn title(text: &str) -> Command {
    set(AboutField::Title, text)
}

pub(crate) fn place(text: &str) -> Command {
    set(AboutField::Place, text)
}

pub(crate) fn mark(number: u8, state: &str) -> Command {
    Command::RecordAttendance(vec![(member(number), Some(state.into()))])
}

pub(crate) fn minutes(before: &str, after: &str) -> Command {
    Command::EditMinutes { before: before.into(), after: after.into() }
}

pub(crate) fn review(event: u64, verb: Verb) -> Command {
    Command::Review { event: entry(event), verb, slot: None, comment: None, reason: None }
}

pub(crate) fn photo(number: u64) -> Attachment {
    let name = |size: &[u8]| BlobHash::of(&[size, &number.to_be_bytes()].concat());
    let (photo, thumb) = (name(b"photo"), name(b"thumb"));
    Attachment { photo, size_bytes: 300_000, thumb, thumb_bytes: 9_000, mime: PhotoFormat::Webp }
}

pub(crate) fn attach(number: u64) -> Command {
    Command::AttachPhoto { entry: entry(number), photo: photo(number) }
}

pub(crate) fn claim(id: u64) -> Command {
    let date = jiff::civil::date(2026, 11, 7);
    let claim = Claim { rule: "C01".into(), date, units: 2, matter: "清雪除障".into(), points: None };
    Command::ClaimPoints { entry: entry(id), claim }
}

pub(crate) fn judge(event: u64, of: u64, verb: PointsVerb) -> Command {
    Command::JudgePoints { event: entry(event), entry: entry(of), verb, reason: None }
}
