//! Who may write what, and when: one table, judged for each operation of a change.
//!
//! The phone asks it before it offers a button; the server asks it when the change arrives. Rights are those
//! the author has at that moment (DESIGN, "Rights at arrival").

mod acts;

use std::fmt;

use crate::command::Command;
use crate::event::{PointsVerb, Status, Verb};
use crate::ids::{AccountId, DeviceId, MemberId, OrgId};
use crate::org::{OrgTree, Post, Role};
use crate::record::{RecordKind, RecordRef};
use crate::refusal::RefusalCode;
use crate::view::RosterView;

/// The signed author of a change, with the rights he has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// His login.
    pub account: AccountId,
    /// The device that signed.
    pub device: DeviceId,
    /// The member he is, if his account is one.
    pub member: Option<MemberId>,
    /// What he may do, and where.
    pub posts: Vec<Post>,
}

/// What an author is to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// Secretary or recorder of the record's branch.
    Desk,
    /// Secretary of the record's branch.
    Secretary,
    /// The member himself, while he belongs to the branch.
    OwnMember,
    /// Leader of the member's party group.
    GroupLeader,
    /// Township staff above the branch.
    Township,
    /// District reviewer or administrator above the branch.
    Reviewer,
    /// District administrator.
    Admin,
}

/// In which status of the record a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Not filed and not void.
    Open,
    /// Only once filed.
    Filed,
    /// Only in one of these.
    In(&'static [Status]),
    /// Always.
    Always,
}

/// What is about to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A value in a container, about this member if the key names one.
    Write(&'static str, Option<MemberId>),
    /// A review event.
    Review(Verb),
    /// A word about a point entry.
    Judge(PointsVerb),
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Container(&'static str),
    Review(Verb),
    Judge(PointsVerb),
}

struct Row(RecordKind, What, &'static [Hand], When);

use Hand::{Admin, Desk, GroupLeader, OwnMember, Reviewer, Secretary, Township};
use RecordKind::{Activity, Points, Roster, RuleBook};
use What::{Container, Judge, Review};

/// A return and a redo may be said without signal by two people: both stand, and the fold decides.
const REVIEWED: &[Status] = &[Status::Submitted, Status::Filed, Status::Returned, Status::RedoRequired];

/// The whole of it. A place without a row is written by nobody.
const TABLE: &[Row] = &[
    Row(Activity, Container("about"), &[Desk], When::Open),
    Row(Activity, Container("kinds"), &[Desk], When::Open),
    Row(Activity, Container("attendance"), &[Desk, OwnMember], When::Open),
    Row(Activity, Container("observers"), &[Desk], When::Open),
    Row(Activity, Container("agenda"), &[Desk], When::Open),
    Row(Activity, Container("minutes"), &[Desk], When::Open),
    Row(Activity, Container("resolutions"), &[Desk], When::Open),
    Row(Activity, Container("follow_ups"), &[Desk], When::Open),
    Row(Activity, Container("attachments"), &[Desk], When::Open),
    Row(Activity, Container("amendments"), &[Desk], When::Filed),
    Row(Activity, Review(Verb::Submitted), &[Secretary], When::Open),
    Row(Activity, Review(Verb::Filed), &[Township, Reviewer], When::In(&[Status::Submitted])),
    Row(Activity, Review(Verb::Returned), &[Township, Reviewer], When::In(REVIEWED)),
    Row(Activity, Review(Verb::RedoRequired), &[Township, Reviewer], When::In(REVIEWED)),
    Row(Activity, Review(Verb::Reopened), &[Township, Reviewer], When::In(&[Status::Filed, Status::Voided])),
    Row(Activity, Review(Verb::Voided), &[Secretary, Township, Reviewer], When::Open),
    Row(Points, Container("entries"), &[Desk, OwnMember], When::Always),
    Row(Points, Judge(PointsVerb::Verified), &[GroupLeader, Secretary], When::Always),
    Row(Points, Judge(PointsVerb::Approved), &[Secretary], When::Always),
    Row(Points, Judge(PointsVerb::TownshipFiled), &[Township], When::Always),
    Row(Points, Judge(PointsVerb::Declined), &[GroupLeader, Secretary, Township], When::Always),
    Row(Points, Judge(PointsVerb::Reversed), &[Secretary, Township], When::Always),
    Row(Points, Judge(PointsVerb::Objected), &[OwnMember, Desk], When::Always),
    Row(Roster, Container("members"), &[Secretary, Township], When::Always),
    Row(Roster, Container("classes"), &[Secretary, Township], When::Always),
    Row(Roster, Container("exclusions"), &[Secretary, Township], When::Always),
    Row(Roster, Container("posts"), &[Secretary, Township], When::Always),
    Row(RuleBook, Container("versions"), &[Admin], When::Always),
];

/// One row of the table, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The kind of record.
    pub kind: RecordKind,
    /// `write <container>`, `review <verb>` or `judge <verb>`.
    pub act: String,
    /// Who may: any of these.
    pub hands: Vec<String>,
    /// In which status of the record.
    pub when: String,
}

/// The whole table, to be read: what `PROTOCOL.md` prints and its test compares.
pub fn permissions() -> Vec<Permission> {
    let in_words = |Row(kind, what, hands, when): &Row| Permission {
        kind: *kind,
        act: match what {
            Container(name) => format!("write {name}"),
            Review(verb) => format!("review {verb}"),
            Judge(verb) => format!("judge {verb}"),
        },
        hands: hands.iter().map(Hand::to_string).collect(),
        when: when.to_string(),
    };
    TABLE.iter().map(in_words).collect()
}

impl fmt::Display for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Desk => "desk",
            Secretary => "secretary",
            OwnMember => "own member",
            GroupLeader => "group leader",
            Township => "township",
            Reviewer => "reviewer",
            Admin => "admin",
        })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Open => f.write_str("not filed, not voided"),
            When::Filed => f.write_str(Status::Filed.as_str()),
            When::In(list) => {
                let words: Vec<_> = list.iter().map(|status| status.as_str()).collect();
                f.write_str(&words.join(" or "))
            }
            When::Always => f.write_str("always"),
        }
    }
}

/// The record and its surroundings, as they stand when the change is judged.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The record.
    pub record: &'a RecordRef,
    /// Its status; records without review stand at [`Status::Draft`]. The gate puts its own fold here.
    pub status: Status,
    /// The orgs.
    pub orgs: &'a OrgTree,
    /// The roster of the record's branch, if there is one.
    pub roster: Option<&'a RosterView>,
}

/// Whether the author may do this here and now.
pub fn may(author: &Author, act: Act, scene: &Scene<'_>) -> Result<(), RefusalCode> {
    let (what, member) = match act {
        Act::Write(container, member) => (Container(container), member),
        Act::Review(verb) => (Review(verb), None),
        Act::Judge(verb) => (Judge(verb), None),
    };
    let subject = member.or(scene.record.subject());
    let row = TABLE.iter().find(|row| row.0 == scene.record.kind && row.1 == what);
    let Some(Row(_, _, hands, when)) = row else { return Err(RefusalCode::NoRight) };
    if !hands.iter().any(|hand| holds(author, *hand, subject, scene)) {
        return Err(RefusalCode::NoRight);
    }
    if what == Judge(PointsVerb::Verified) && author.member.is_some() && author.member == subject {
        return Err(RefusalCode::OwnEntry);
    }
    when_allows(*when, scene.status)
}

/// Whether the author may do all of a command here and now: what a phone asks before the gate is asked.
pub fn may_do(author: &Author, command: &Command, scene: &Scene<'_>) -> Result<(), RefusalCode> {
    let acts = command.acts(scene.record.kind);
    acts.into_iter().try_for_each(|act| may(author, act, scene))
}

fn when_allows(when: When, status: Status) -> Result<(), RefusalCode> {
    let allowed = match when {
        When::Always => true,
        When::Open => status.is_open(),
        When::Filed => status == Status::Filed,
        When::In(list) => list.contains(&status),
    };
    match (allowed, when, status) {
        (true, ..) => Ok(()),
        (false, When::Open, Status::Filed) => Err(RefusalCode::RecordFiled),
        (false, When::Open, Status::Voided) => Err(RefusalCode::RecordVoid),
        _ => Err(RefusalCode::WrongStep),
    }
}

fn holds(author: &Author, hand: Hand, subject: Option<MemberId>, scene: &Scene<'_>) -> bool {
    let org = scene.record.org;
    let above = |roles: &[Role]| {
        author.posts.iter().any(|post| roles.contains(&post.role) && scene.orgs.is_within(org, post.org))
    };
    match hand {
        Hand::Desk => above(&[Role::BranchSecretary, Role::BranchRecorder]),
        Hand::Secretary => above(&[Role::BranchSecretary]),
        Hand::Township => above(&[Role::TownshipOfficer]),
        Hand::Reviewer => above(&[Role::DistrictReviewer, Role::DistrictAdmin]),
        Hand::Admin => above(&[Role::DistrictAdmin]),
        Hand::OwnMember => {
            author.member.is_some() && author.member == subject && belongs_to(author, org, scene.orgs)
        }
        Hand::GroupLeader => {
            let group = subject.and_then(|member| group_of(member, scene));
            group.is_some_and(|group| author.posts.contains(&Post { role: Role::GroupLeader, org: group }))
        }
    }
}

/// Whether any post of the author lies in the branch, a party group of it included.
fn belongs_to(author: &Author, branch: OrgId, orgs: &OrgTree) -> bool {
    author.posts.iter().any(|post| orgs.is_within(post.org, branch))
}

/// The member's party group, if it is one of this branch.
fn group_of(member: MemberId, scene: &Scene<'_>) -> Option<OrgId> {
    let group = scene.roster?.members.get(&member)?.group?;
    scene.orgs.is_within(group, scene.record.org).then_some(group)
}

/// Whether an account with these posts sees the records of an org at all: its own branch and what lies below
/// its posts (a member sees his branch, as on the branch's notice board).
pub fn may_read(posts: &[Post], org: OrgId, orgs: &OrgTree) -> bool {
    posts.iter().any(|post| {
        let top = orgs.branch_of(post.org).map_or(post.org, |branch| branch.id);
        orgs.is_within(org, top)
    })
}
