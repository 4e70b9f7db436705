//! Well-made changes by authors who may not make them.

use automerge::ScalarValue;
use zhibu_domain::access::Author;
use zhibu_domain::command::Command;
use zhibu_domain::event::{PointsVerb, ReviewEvent, Verb};
use zhibu_domain::refusal::RefusalCode;

use crate::support::craft::{ATTENDANCE, EVENTS, expand, forge, op, put};
use crate::support::{Cast, Server, claim, entry, judge, mark, member, minutes, place, review, title};
use crate::{activity, refused};

/// The author writes the command on an up-to-date phone; the server refuses.
fn forbidden(server: &mut Server<'_>, author: &Author, command: &Command, code: RefusalCode) {
    let attack = server.phone(author.clone()).write(command);
    refused(server, author, &attack, code);
}

fn submitted(cast: &Cast) -> Server<'_> {
    let mut server = activity(cast);
    server.accept(&cast.secretary(), &review(1, Verb::Submitted));
    server
}

fn filed(cast: &Cast) -> Server<'_> {
    let mut server = submitted(cast);
    server.accept(&cast.officer(), &review(2, Verb::Filed));
    server
}

#[test]
fn a_member_forges_filed() {
    let cast = Cast::new();
    let mut server = submitted(&cast);
    for author in [cast.member(9), cast.recorder(), cast.secretary(), cast.leader()] {
        forbidden(&mut server, &author, &review(50, Verb::Filed), RefusalCode::NoRight);
    }
}

#[test]
fn a_recorder_submits() {
    let cast = Cast::new();
    forbidden(&mut activity(&cast), &cast.recorder(), &review(50, Verb::Submitted), RefusalCode::NoRight);
}

#[test]
fn a_member_marks_another() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    forbidden(&mut server, &cast.member(9), &mark(10, "present"), RefusalCode::NoRight);
    forbidden(&mut server, &cast.leader(), &mark(10, "present"), RefusalCode::NoRight);
    server.accept(&cast.member(9), &mark(9, "leave_work"));
}

#[test]
fn a_member_takes_back_anothers_mark() {
    let cast = Cast::new();
    let take_back = Command::RecordAttendance(vec![(member(7), None)]);
    forbidden(&mut activity(&cast), &cast.member(9), &take_back, RefusalCode::NoRight);
}

/// The forbidden mark stands behind the allowed one.
#[test]
fn a_member_hides_anothers_mark_behind_his_own() {
    let cast = Cast::new();
    let both = Command::RecordAttendance([9, 10].map(|n| (member(n), Some("present".into()))).to_vec());
    forbidden(&mut activity(&cast), &cast.member(9), &both, RefusalCode::NoRight);
}

#[test]
fn a_member_writes_what_the_desk_writes() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let text = server.record.text("minutes");
    for command in [title("党课"), minutes(&text, ""), minutes(&text, &format!("{text}同意。"))] {
        forbidden(&mut server, &cast.member(9), &command, RefusalCode::NoRight);
        forbidden(&mut server, &cast.officer(), &command, RefusalCode::NoRight);
        forbidden(&mut server, &cast.admin(), &command, RefusalCode::NoRight);
    }
}

#[test]
fn the_neighbour_branch() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    for command in [title("党课"), mark(9, "present"), review(50, Verb::Submitted)] {
        forbidden(&mut server, &cast.neighbour_secretary(), &command, RefusalCode::NoRight);
    }
    // A member who moved away marks himself in his old branch.
    let mut moved = cast.member(9);
    moved.posts = cast.neighbour_secretary().posts;
    forbidden(&mut server, &moved, &mark(9, "present"), RefusalCode::NoRight);
}

#[test]
fn an_edit_after_filing() {
    let cast = Cast::new();
    let mut server = filed(&cast);
    for command in [title("党课"), mark(9, "present")] {
        forbidden(&mut server, &cast.secretary(), &command, RefusalCode::RecordFiled);
    }
    forbidden(&mut server, &cast.member(9), &mark(9, "present"), RefusalCode::RecordFiled);
    forbidden(&mut server, &cast.secretary(), &review(50, Verb::Submitted), RefusalCode::RecordFiled);
    forbidden(&mut server, &cast.secretary(), &review(50, Verb::Voided), RefusalCode::RecordFiled);
    let amend = Command::Amend { entry: entry(60), slot: "about.place".into(), text: "村委会".into() };
    server.accept(&cast.secretary(), &amend);
}

/// Written before the filing reached the phone, delivered after it: no way around by an old past.
#[test]
fn an_edit_after_filing_that_claims_to_be_older() {
    let cast = Cast::new();
    let mut server = submitted(&cast);
    let mut old = server.phone(cast.secretary());
    server.accept(&cast.officer(), &review(2, Verb::Filed));
    let attack = old.write(&title("党课"));
    refused(&mut server, &old.author, &attack, RefusalCode::RecordFiled);
}

#[test]
fn a_losing_concurrent_write_to_a_forbidden_field() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let old = server.phone(cast.member(9));
    for state in ["present", "visited", "leave_work"] {
        server.accept(&cast.secretary(), &mark(8, state));
    }
    let before = server.record.values("attendance");
    let key = member(8).to_string();
    let attack = forge(&old, vec![put(ATTENDANCE, &key, "absent_unexcused", vec![])]);
    let mut unguarded = server.record.clone();
    unguarded.apply(&attack).unwrap();
    assert_eq!(unguarded.values("attendance"), before, "it would lose and show nowhere");
    refused(&mut server, &old.author, &attack, RefusalCode::NoRight);
}

#[test]
fn an_amendment_before_filing() {
    let cast = Cast::new();
    let amend = Command::Amend { entry: entry(60), slot: "about.place".into(), text: "村委会".into() };
    forbidden(&mut activity(&cast), &cast.secretary(), &amend, RefusalCode::WrongStep);
}

#[test]
fn filing_what_was_not_submitted() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    for verb in [Verb::Filed, Verb::Returned, Verb::RedoRequired, Verb::Reopened] {
        forbidden(&mut server, &cast.officer(), &review(50, verb), RefusalCode::WrongStep);
    }
}

#[test]
fn writing_in_a_void_record() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    server.accept(&cast.secretary(), &review(1, Verb::Voided));
    forbidden(&mut server, &cast.secretary(), &title("党课"), RefusalCode::RecordVoid);
    forbidden(&mut server, &cast.secretary(), &review(50, Verb::Submitted), RefusalCode::RecordVoid);
    server.accept(&cast.reviewer(), &review(2, Verb::Reopened));
    server.accept(&cast.secretary(), &title("党课"));
}

fn event(verb: Verb, supersedes: Vec<zhibu_domain::ids::EntryId>) -> ScalarValue {
    let event = ReviewEvent { verb, supersedes, slot: None, comment: None, reason: None };
    ScalarValue::Bytes(minicbor::to_vec(&event).unwrap())
}

#[test]
fn an_entry_written_over() {
    let cast = Cast::new();
    let mut server = submitted(&cast);
    let first = expand(server.log.last().unwrap());
    let id = crate::support::craft::id_in(server.log.last().unwrap(), 0);
    let key = entry(1).to_string();
    assert_eq!(first.operations[0].key, automerge::legacy::Key::Map(key.as_str().into()));
    let over = put(EVENTS, &key, event(Verb::Submitted, vec![]), vec![id.clone()]);
    let beside = put(EVENTS, &key, event(Verb::Submitted, vec![]), vec![]);
    for attack in [over, beside] {
        let phone = server.phone(cast.secretary());
        refused(&mut server, &phone.author, &forge(&phone, vec![attack]), RefusalCode::AlreadyWritten);
        assert_eq!(server.index.status(), zhibu_domain::event::Status::Submitted);
    }
    let delete = op(EVENTS, &key, automerge::legacy::OpType::Delete, vec![id]);
    let phone = server.phone(cast.secretary());
    refused(&mut server, &phone.author, &forge(&phone, vec![delete]), RefusalCode::ForbiddenAction);
}

#[test]
fn an_event_that_replaces_what_is_not_there() {
    let cast = Cast::new();
    let mut server = submitted(&cast);
    let phone = server.phone(cast.officer());
    let key = entry(51).to_string();
    let forged = put(EVENTS, &key, event(Verb::Filed, vec![entry(1), entry(404)]), vec![]);
    refused(&mut server, &phone.author, &forge(&phone, vec![forged]), RefusalCode::WrongValue);
    let phone = server.phone(cast.officer());
    let itself = put(EVENTS, &key, event(Verb::Filed, vec![entry(1), entry(51)]), vec![]);
    refused(&mut server, &phone.author, &forge(&phone, vec![itself]), RefusalCode::WrongValue);
}

/// Events that leave the standing ones standing would pile up until no honest event could name them all.
#[test]
fn an_event_that_leaves_standing_what_its_author_saw() {
    let cast = Cast::new();
    let mut server = submitted(&cast);
    let phone = server.phone(cast.secretary());
    let forged = put(EVENTS, &entry(52).to_string(), event(Verb::Submitted, vec![]), vec![]);
    refused(&mut server, &phone.author, &forge(&phone, vec![forged]), RefusalCode::WrongValue);
}

/// Nobody answers an event that he had not seen: he would undo a return that he never read.
#[test]
fn an_event_that_replaces_what_its_author_could_not_know() {
    let cast = Cast::new();
    let mut server = submitted(&cast);
    let old = server.phone(cast.secretary());
    server.accept(&cast.officer(), &review(2, Verb::Returned));
    let forged = put(EVENTS, &entry(53).to_string(), event(Verb::Submitted, vec![entry(2)]), vec![]);
    refused(&mut server, &old.author, &forge(&old, vec![forged]), RefusalCode::WrongValue);
}

#[test]
fn a_claim_in_anothers_ledger() {
    let cast = Cast::new();
    let mut server = Server::new(&cast, cast.ledger(9));
    for author in [cast.member(10), cast.leader(), cast.officer(), cast.neighbour_secretary()] {
        forbidden(&mut server, &author, &claim(1), RefusalCode::NoRight);
    }
    server.accept(&cast.member(9), &claim(1));
}

#[test]
fn verifying_ones_own_claim() {
    let cast = Cast::new();
    let mut own = Server::new(&cast, cast.ledger(3));
    own.accept(&cast.leader(), &claim(1));
    forbidden(&mut own, &cast.leader(), &judge(2, 1, PointsVerb::Verified), RefusalCode::OwnEntry);
    let mut own = Server::new(&cast, cast.ledger(1));
    own.accept(&cast.secretary(), &claim(1));
    forbidden(&mut own, &cast.secretary(), &judge(2, 1, PointsVerb::Verified), RefusalCode::OwnEntry);
}

#[test]
fn judging_claims_without_the_post() {
    let cast = Cast::new();
    let mut server = Server::new(&cast, cast.ledger(9));
    server.accept(&cast.member(9), &claim(1));
    for verb in [PointsVerb::Verified, PointsVerb::Approved, PointsVerb::TownshipFiled, PointsVerb::Reversed]
    {
        forbidden(&mut server, &cast.member(9), &judge(2, 1, verb), RefusalCode::NoRight);
    }
    forbidden(&mut server, &cast.leader(), &judge(2, 1, PointsVerb::Approved), RefusalCode::NoRight);
    forbidden(&mut server, &cast.member(10), &judge(2, 1, PointsVerb::Objected), RefusalCode::NoRight);
    server.accept(&cast.leader(), &judge(2, 1, PointsVerb::Verified));
    server.accept(&cast.member(9), &judge(3, 1, PointsVerb::Objected));
}

#[test]
fn judging_a_claim_that_is_not_there() {
    let cast = Cast::new();
    let mut server = Server::new(&cast, cast.ledger(9));
    server.accept(&cast.member(9), &claim(1));
    forbidden(&mut server, &cast.leader(), &judge(2, 404, PointsVerb::Verified), RefusalCode::WrongValue);
}

/// The claim is on the server, but the leader's phone could not know of it.
#[test]
fn judging_a_claim_unseen() {
    let cast = Cast::new();
    let mut server = Server::new(&cast, cast.ledger(9));
    server.accept(&cast.member(9), &claim(1));
    let mut blind = server.phone(cast.leader());
    server.accept(&cast.member(9), &claim(2));
    let attack = blind.write(&judge(3, 2, PointsVerb::Verified));
    refused(&mut server, &blind.author, &attack, RefusalCode::WrongValue);
}

#[test]
fn the_roster_and_the_rule_book() {
    let cast = Cast::new();
    let mut roster = Server::new(&cast, cast.roster_record());
    let post =
        Command::AssignPost { member: member(9), post: "secretary".into(), since: Some("2026-01-01".into()) };
    for author in [cast.member(9), cast.recorder(), cast.leader(), cast.neighbour_secretary()] {
        forbidden(&mut roster, &author, &post, RefusalCode::NoRight);
    }
    roster.accept(&cast.officer(), &post);
    let district = cast.orgs.path(cast.branch).last().unwrap().id;
    let mut rules = Server::new(&cast, zhibu_domain::record::RecordRef::rule_book(district));
    let adopt = Command::AdoptRuleBook { version: "QL-2026-V1".into(), book: vec![0xa0] };
    for author in [cast.secretary(), cast.officer(), cast.reviewer()] {
        forbidden(&mut rules, &author, &adopt, RefusalCode::NoRight);
    }
    rules.accept(&cast.admin(), &adopt);
}

/// An observer reads only.
#[test]
fn an_author_without_any_post() {
    let cast = Cast::new();
    let author = Author { posts: Vec::new(), ..cast.secretary() };
    forbidden(&mut activity(&cast), &author, &place("别处"), RefusalCode::NoRight);
    forbidden(&mut activity(&cast), &author, &mark(1, "present"), RefusalCode::NoRight);
}
