//! What a phone foresees is what the gate answers: for every command, every role and every status.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy.toml allows it in tests, but does not see that this whole crate is one"
)]

use zhibu_domain::access::{Author, Scene, may_do};
use zhibu_domain::attachment::{Attachment, BlobHash, PhotoFormat};
use zhibu_domain::command::{AboutField, Command, MemberField, Scalar};
use zhibu_domain::event::{Claim, PointsVerb, Verb};
use zhibu_domain::gate::{Index, admit, decode, replay};
use zhibu_domain::ids::{AccountId, DeviceId, EntryId, MemberId, OrgId, RecordId, natural};
use zhibu_domain::org::{Org, OrgTree, OrgType, Post, Role};
use zhibu_domain::record::{Actor, Record, RecordKind, RecordRef, Stamp, merge_cards};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::rule_book::{EXAMPLE_TOML, RuleBook};
use zhibu_domain::time::Millis;
use zhibu_domain::view::{ActivityView, RosterView};

const DISTRICT: OrgId = OrgId::from_bytes([1; 16]);
const TOWNSHIP: OrgId = OrgId::from_bytes([2; 16]);
const BRANCH: OrgId = OrgId::from_bytes([3; 16]);
const GROUP: OrgId = OrgId::from_bytes([4; 16]);
const SUBJECT: MemberId = MemberId::from_bytes([5; 16]);
const NEIGHBOUR: MemberId = MemberId::from_bytes([6; 16]);

const PHOTO: Attachment = Attachment {
    photo: BlobHash([1; 32]),
    size_bytes: 300_000,
    thumb: BlobHash([2; 32]),
    thumb_bytes: 9_000,
    mime: PhotoFormat::Jpeg,
};

fn entry(n: u8) -> EntryId {
    EntryId::from_bytes([n; 16])
}

fn orgs() -> OrgTree {
    let node = |id, parent, org_type: OrgType| Org { id, parent, org_type, name: org_type.to_string() };
    OrgTree::new([
        node(DISTRICT, None, OrgType::District),
        node(TOWNSHIP, Some(DISTRICT), OrgType::Township),
        node(BRANCH, Some(TOWNSHIP), OrgType::Branch),
        node(GROUP, Some(BRANCH), OrgType::Group),
    ])
}

/// One author for each role, where it belongs; a member once as the subject and once as his neighbour.
fn authors() -> Vec<Author> {
    let author = |role, org, member| Author {
        account: AccountId::from_bytes([7; 16]),
        device: DeviceId::from_bytes([8; 16]),
        member,
        posts: vec![Post { role, org }],
    };
    vec![
        author(Role::DistrictAdmin, DISTRICT, None),
        author(Role::DistrictReviewer, DISTRICT, None),
        author(Role::TownshipOfficer, TOWNSHIP, None),
        author(Role::BranchSecretary, BRANCH, Some(NEIGHBOUR)),
        author(Role::BranchRecorder, BRANCH, None),
        author(Role::GroupLeader, GROUP, Some(SUBJECT)),
        author(Role::GroupLeader, GROUP, Some(NEIGHBOUR)),
        author(Role::Member, BRANCH, Some(SUBJECT)),
        author(Role::Member, BRANCH, Some(NEIGHBOUR)),
        author(Role::Observer, BRANCH, None),
    ]
}

fn stamp(device: u8) -> Stamp {
    let actor = Actor { device: DeviceId::from_bytes([device; 16]), epoch: 1 };
    Stamp { actor, now: Millis(1_795_000_000_000) }
}

fn review(n: u8, verb: Verb) -> Command {
    Command::Review { event: entry(n), verb, slot: None, comment: None, reason: None }
}

fn place(text: &str) -> Command {
    Command::SetAbout(vec![(AboutField::Place, Some(text.into()))])
}

/// A record that two phones wrote before the author under test comes: what they wrote, and what reading it gives.
struct Ground {
    record: Record,
    log: Vec<Vec<u8>>,
}

impl Ground {
    /// Both phones write without knowing of each other, then the first one writes on.
    fn of(reference: RecordRef, mine: &[Command], theirs: &[Command], then: &[Command]) -> Self {
        let (mut record, mut other) = (Record::new(reference), Record::new(reference));
        let mut log = Vec::new();
        for command in mine {
            log.extend(record.execute(command, stamp(21)).unwrap().map(|written| written.bytes));
        }
        for command in theirs {
            let written = other.execute(command, stamp(22)).unwrap().unwrap();
            record.apply(&written.bytes).unwrap();
            log.push(written.bytes);
        }
        for command in then {
            log.extend(record.execute(command, stamp(21)).unwrap().map(|written| written.bytes));
        }
        Self { record, log }
    }

    /// What the gate says to the command of this author, or that there is nothing to say.
    fn answer(
        &self,
        command: &Command,
        author: &Author,
        scene: &Scene<'_>,
    ) -> Option<Result<(), RefusalCode>> {
        let mut record = Record::new(*self.record.reference());
        let mut index = Index::new(self.record.reference());
        for bytes in &self.log {
            record.apply(bytes).unwrap();
            replay(&mut index, bytes).unwrap();
        }
        let written = record.execute(command, stamp(8)).unwrap()?;
        let verdict = admit(&mut index, &decode(&written.bytes).unwrap(), author, scene);
        Some(verdict.map_err(|refusal| refusal.code))
    }
}

/// Asks phone and gate about each command by each author and returns how many were allowed and how many not.
fn compare(ground: &Ground, commands: &[Command]) -> (usize, usize) {
    let orgs = orgs();
    let mut roster = RosterView::default();
    roster.members.entry(SUBJECT).or_default().group = Some(GROUP);
    let status = ActivityView::of(&ground.record).status();
    let scene = Scene { record: ground.record.reference(), status, orgs: &orgs, roster: Some(&roster) };
    let (mut allowed, mut refused) = (0, 0);
    for command in commands {
        for author in authors() {
            let answer =
                ground.answer(command, &author, &scene).expect("every command here changes something");
            assert_eq!(may_do(&author, command, &scene), answer, "{command:?} by {:?}", author.posts);
            if answer.is_ok() { allowed += 1 } else { refused += 1 }
        }
    }
    (allowed, refused)
}

fn activity_commands() -> Vec<Command> {
    let mark = |member| Command::RecordAttendance(vec![(member, Some("present".into()))]);
    let mut commands = vec![
        place("村委会"),
        Command::SetKinds { add: vec!["theme_day".into()], remove: Vec::new() },
        mark(SUBJECT),
        mark(NEIGHBOUR),
        Command::RecordAttendance(vec![
            (SUBJECT, Some("present".into())),
            (NEIGHBOUR, Some("present".into())),
        ]),
        Command::EditMinutes { before: String::new(), after: "学习党章".into() },
        Command::SetResolution { entry: entry(40), text: "修路".into(), decision: None, ballot: None },
        Command::SetFollowUp { entry: entry(41), text: "备料".into(), owner: None, due: None, done: false },
        Command::SetObserver { entry: entry(42), post: Some("镇党建办".into()) },
        Command::SetAgendaItem { entry: entry(43), text: Some("议题".into()) },
        Command::Amend { entry: entry(44), slot: "about.place".into(), text: "文化广场".into() },
        Command::AttachPhoto { entry: entry(45), photo: PHOTO },
        Command::RemovePhoto { entry: entry(46) },
    ];
    commands.extend(Verb::ALL.iter().zip(50..).map(|(verb, n)| review(n, *verb)));
    commands
}

#[test]
fn an_activity_in_every_status() {
    let reference = RecordRef::activity(BRANCH, 2026, RecordId(natural(&[b"activity"])));
    let mut total = (0, 0);
    for verb in [None].into_iter().chain(Verb::ALL.iter().map(Some)) {
        let then: Vec<_> = verb.map(|verb| review(30, *verb)).into_iter().collect();
        let photo = Command::AttachPhoto { entry: entry(46), photo: PHOTO };
        let ground = Ground::of(reference, &[place("文化广场"), photo], &[place("学校")], &then);
        assert_eq!(merge_cards(&ground.record).len(), 1);
        let mut commands = activity_commands();
        commands.push(Command::Resolve { slot: "about.place".into(), keep: "学校".into() });
        let (allowed, refused) = compare(&ground, &commands);
        total = (total.0 + allowed, total.1 + refused);
    }
    assert!(total.0 > 100 && total.1 > 100, "{total:?}");
}

#[test]
fn a_members_own_disputed_mark() {
    let reference = RecordRef::activity(BRANCH, 2026, RecordId(natural(&[b"activity"])));
    let mark = |state: &str| Command::RecordAttendance(vec![(SUBJECT, Some(state.into()))]);
    let ground = Ground::of(reference, &[mark("present")], &[mark("leave_work")], &[]);
    let settle = Command::Resolve { slot: format!("attendance.{SUBJECT}"), keep: "present".into() };
    let (allowed, refused) = compare(&ground, &[settle]);
    assert_eq!((allowed, refused), (4, 6), "the desk and, twice, the member himself");
}

#[test]
fn points_roster_and_rule_book() {
    let claim = |n| {
        let date = Millis(1_795_000_000_000).date();
        let claim = Claim { rule: "C01".into(), date, units: 2, matter: "清扫".into(), points: None };
        Command::ClaimPoints { entry: entry(n), claim }
    };
    let points = RecordRef::points(BRANCH, 2026, SUBJECT);
    let judge = |(verb, n): (&PointsVerb, u8)| Command::JudgePoints {
        event: entry(n),
        entry: entry(30),
        verb: *verb,
        reason: None,
    };
    let mut commands: Vec<_> = PointsVerb::ALL.iter().zip(50..).map(judge).collect();
    commands.push(claim(31));
    let (allowed, refused) = compare(&Ground::of(points, &[claim(30)], &[], &[]), &commands);
    assert!(allowed > 10 && refused > 10, "{allowed} {refused}");

    let fields = vec![(MemberField::Name, Some(Scalar::from("赵小梅")))];
    let commands = [
        Command::SetMember { member: SUBJECT, fields },
        Command::AssignClass { member: SUBJECT, class: "ORDINARY".into(), from: "2026-01-01".into() },
        Command::ExcludeFromQuorum {
            entry: entry(60),
            member: SUBJECT,
            reason: 1,
            from: "2026-01-01".into(),
            to: None,
            approval_doc: "1号".into(),
        },
        Command::AssignPost { member: SUBJECT, post: "secretary".into(), since: Some("2026-01-01".into()) },
    ];
    let ground = Ground::of(RecordRef::roster(BRANCH), &[], &[], &[]);
    assert_eq!(compare(&ground, &commands), (8, 32), "secretary and township, nobody else");

    let book = RuleBook::from_toml(EXAMPLE_TOML).unwrap();
    let adopt = Command::AdoptRuleBook { version: book.id.clone(), book: minicbor::to_vec(&book).unwrap() };
    let ground = Ground::of(RecordRef::rule_book(DISTRICT), &[], &[], &[]);
    assert_eq!(compare(&ground, &[adopt]), (1, 9), "the administrator alone");
}

#[test]
fn what_writes_nothing_asks_for_nothing() {
    for command in [
        Command::SetAbout(Vec::new()),
        Command::SetKinds { add: Vec::new(), remove: Vec::new() },
        Command::RecordAttendance(Vec::new()),
        Command::Resolve { slot: "about.weather".into(), keep: "晴".into() },
    ] {
        assert!(command.acts(RecordKind::Activity).is_empty(), "{command:?}");
    }
}
