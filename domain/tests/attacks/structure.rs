//! Well-formed changes that do not fit the record (automerge.md 1.1).

use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
use automerge::{ActorId, ExpandedChange, ObjType, ScalarValue};
use zhibu_domain::record::Actor;
use zhibu_domain::refusal::RefusalCode;

use crate::support::craft::{
    ABOUT, ATTENDANCE, EVENTS, MINUTES, blank, encode, expand, forge, id_in, insert, object, op, put,
};
use crate::support::{Cast, Phone, Server, mark, member, place, title};
use crate::{activity, refused, secretary, server_secretary};

const STRANGER: [u8; 20] = [0xee; 20];

/// A secretary's forged operations.
fn attack(code: RefusalCode, forged: impl FnOnce(&Server<'_>, &Phone) -> Vec<u8>) {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let attack = forged(&server, &secretary(&server));
    refused(&mut server, &server_secretary(), &attack, code);
}

/// An honest change of the secretary, decoded and bent.
fn bent(code: RefusalCode, bend: impl FnOnce(&Server<'_>, &mut ExpandedChange)) {
    attack(code, |server, phone| {
        let mut change = expand(&phone.clone().write(&title("党课")));
        bend(server, &mut change);
        encode(&change)
    });
}

/// The operation that stands at `about.title` in [`activity`].
fn title_id(server: &Server<'_>) -> OpId {
    id_in(&server.log[0], 0)
}

#[test]
fn an_unknown_object() {
    attack(RefusalCode::UnknownObject, |_, phone| {
        let strange = automerge::legacy::Op { obj: object(99), ..put(ABOUT, "theme", "x", vec![]) };
        forge(phone, vec![strange])
    });
}

#[test]
fn an_object_of_an_unknown_actor() {
    attack(RefusalCode::UnknownObject, |_, phone| {
        let strange = ObjectId::Id(OpId::new(1, &ActorId::from(&STRANGER[..])));
        forge(phone, vec![automerge::legacy::Op { obj: strange, ..put(ABOUT, "theme", "x", vec![]) }])
    });
}

#[test]
fn a_value_taken_for_an_object() {
    attack(RefusalCode::UnknownObject, |server, phone| {
        let strange = ObjectId::Id(title_id(server));
        forge(phone, vec![automerge::legacy::Op { obj: strange, ..put(ABOUT, "theme", "x", vec![]) }])
    });
}

#[test]
fn a_put_at_the_root() {
    attack(RefusalCode::UnknownObject, |_, phone| {
        forge(phone, vec![automerge::legacy::Op { obj: ObjectId::Root, ..put(ABOUT, "about", "x", vec![]) }])
    });
}

#[test]
fn makes_of_every_type() {
    for made in [ObjType::Map, ObjType::List, ObjType::Text, ObjType::Table] {
        attack(RefusalCode::ForbiddenAction, |_, phone| {
            forge(phone, vec![op(ABOUT, "theme", OpType::Make(made), vec![])])
        });
    }
}

#[test]
fn an_increment() {
    attack(RefusalCode::ForbiddenAction, |server, phone| {
        forge(phone, vec![op(ABOUT, "title", OpType::Increment(1), vec![title_id(server)])])
    });
}

#[test]
fn marks_on_the_minutes() {
    let data = automerge::legacy::MarkData { name: "bold".into(), value: true.into(), expand: false };
    for action in [OpType::MarkBegin(data), OpType::MarkEnd(false)] {
        attack(RefusalCode::ForbiddenAction, |_, phone| {
            forge(phone, vec![automerge::legacy::Op { action, ..insert(ElementId::Head, "x") }])
        });
    }
}

#[test]
fn predecessor_smuggling() {
    attack(RefusalCode::WrongPredecessor, |server, phone| {
        forge(phone, vec![put(ABOUT, "theme", "x", vec![title_id(server)])])
    });
}

#[test]
fn a_deletion_of_one_key_that_names_another() {
    attack(RefusalCode::WrongPredecessor, |server, phone| {
        forge(phone, vec![op(ABOUT, "theme", OpType::Delete, vec![title_id(server)])])
    });
}

#[test]
fn a_predecessor_in_another_object() {
    attack(RefusalCode::WrongPredecessor, |server, phone| {
        let key = member(9).to_string();
        forge(phone, vec![put(ATTENDANCE, &key, "present", vec![title_id(server)])])
    });
}

#[test]
fn a_container_as_predecessor() {
    attack(RefusalCode::WrongPredecessor, |_, phone| {
        let genesis = ActorId::from(&[0u8; Actor::LEN][..]);
        forge(phone, vec![put(ABOUT, "theme", "x", vec![OpId::new(MINUTES, &genesis)])])
    });
}

#[test]
fn predecessors_that_do_not_exist() {
    let genesis = ActorId::from(&[0u8; Actor::LEN][..]);
    for strange in [ActorId::from(&STRANGER[..]), genesis] {
        attack(RefusalCode::WrongPredecessor, |_, phone| {
            forge(phone, vec![put(ABOUT, "theme", "x", vec![OpId::new(12, &strange)])])
        });
    }
}

#[test]
fn a_put_that_overlooks_what_stands_there() {
    attack(RefusalCode::WrongPredecessor, |_, phone| forge(phone, vec![put(ABOUT, "title", "x", vec![])]));
}

#[test]
fn a_predecessor_named_twice() {
    attack(RefusalCode::WrongPredecessor, |server, phone| {
        forge(phone, vec![put(ABOUT, "title", "x", vec![title_id(server), title_id(server)])])
    });
}

#[test]
fn a_put_that_leaves_the_other_side_of_a_disagreement() {
    attack(RefusalCode::WrongPredecessor, |server, phone| {
        forge(phone, vec![put(ABOUT, "place", "x", vec![id_in(&server.log[1], 0)])])
    });
}

/// Of two that disagree, only the losing one may go alone: that is how Automerge writes "the winner stays".
#[test]
fn a_deletion_of_the_winner_alone() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let phone = secretary(&server);
    let ids = [id_in(&server.log[1], 0), id_in(&server.log[2], 0)];
    let [loser, winner] =
        if ids[0].actor() < ids[1].actor() { ids } else { [ids[1].clone(), ids[0].clone()] };
    let delete = |id| forge(&phone, vec![op(ABOUT, "place", OpType::Delete, vec![id])]);
    refused(&mut server, &phone.author, &delete(winner), RefusalCode::WrongPredecessor);
    let phone = secretary(&server);
    let honest = forge(&phone, vec![op(ABOUT, "place", OpType::Delete, vec![loser])]);
    server.receive(&phone.author, &honest).unwrap();
    server.restart();
}

#[test]
fn a_deletion_of_nothing() {
    attack(RefusalCode::WrongPredecessor, |_, phone| {
        forge(phone, vec![op(ABOUT, "theme", OpType::Delete, vec![])])
    });
}

#[test]
fn an_insertion_into_a_map() {
    attack(RefusalCode::ForbiddenAction, |_, phone| {
        let inserted = automerge::legacy::Op { obj: object(ABOUT), ..insert(ElementId::Head, "x") };
        forge(phone, vec![inserted])
    });
    attack(RefusalCode::ForbiddenAction, |_, phone| {
        forge(phone, vec![automerge::legacy::Op { insert: true, ..put(ABOUT, "theme", "x", vec![]) }])
    });
}

#[test]
fn a_key_in_the_minutes() {
    attack(RefusalCode::ForbiddenAction, |_, phone| forge(phone, vec![put(MINUTES, "title", "x", vec![])]));
}

#[test]
fn an_insertion_behind_a_missing_character() {
    attack(RefusalCode::WrongPredecessor, |server, phone| {
        forge(phone, vec![insert(ElementId::Id(title_id(server)), "x")])
    });
}

#[test]
fn an_insertion_with_a_predecessor() {
    attack(RefusalCode::ForbiddenAction, |server, phone| {
        let character = id_in(server.log.last().unwrap(), 0);
        let pred = vec![character.clone()].into();
        forge(phone, vec![automerge::legacy::Op { pred, ..insert(ElementId::Id(character), "x") }])
    });
}

#[test]
fn a_character_written_over() {
    attack(RefusalCode::ForbiddenAction, |server, phone| {
        let character = id_in(server.log.last().unwrap(), 0);
        let pred = vec![character.clone()].into();
        let over = automerge::legacy::Op { pred, insert: false, ..insert(ElementId::Id(character), "x") };
        forge(phone, vec![over])
    });
}

fn deletion(element: ElementId, pred: Vec<OpId>) -> automerge::legacy::Op {
    let (action, key, pred) = (OpType::Delete, Key::Seq(element), pred.into());
    automerge::legacy::Op { action, key, pred, insert: false, obj: object(MINUTES) }
}

#[test]
fn deletions_of_characters_that_are_not_there() {
    attack(RefusalCode::WrongPredecessor, |server, phone| {
        let missing = title_id(server);
        forge(phone, vec![deletion(ElementId::Id(missing.clone()), vec![missing])])
    });
    attack(RefusalCode::ForbiddenAction, |_, phone| forge(phone, vec![deletion(ElementId::Head, vec![])]));
}

#[test]
fn a_deletion_of_a_character_that_names_a_value() {
    attack(RefusalCode::WrongPredecessor, |server, phone| {
        let character = id_in(server.log.last().unwrap(), 0);
        forge(phone, vec![deletion(ElementId::Id(character), vec![title_id(server)])])
    });
}

#[test]
fn a_character_deleted_twice() {
    attack(RefusalCode::WrongPredecessor, |server, phone| {
        let character = id_in(server.log.last().unwrap(), 0);
        let gone = deletion(ElementId::Id(character.clone()), vec![character]);
        forge(phone, vec![gone.clone(), gone])
    });
}

#[test]
fn sequence_gaps_and_repeats() {
    bent(RefusalCode::SequenceConflict, |_, change| change.seq += 1);
    bent(RefusalCode::SequenceConflict, |_, change| change.seq -= 1);
}

#[test]
fn a_first_operation_too_low_or_too_high() {
    let moved = |change: &mut ExpandedChange, by: i64| {
        change.start_op = change.start_op.get().checked_add_signed(by).unwrap().try_into().unwrap();
    };
    bent(RefusalCode::WrongStart, |_, change| moved(change, 1));
    bent(RefusalCode::WrongStart, |_, change| moved(change, -1));
    bent(RefusalCode::WrongStart, |_, change| moved(change, 1_000_000));
}

#[test]
fn no_dependencies() {
    bent(RefusalCode::MissingDependency, |_, change| change.deps.clear());
}

#[test]
fn an_unknown_dependency() {
    bent(RefusalCode::MissingDependency, |_, change| change.deps.push(automerge::ChangeHash([7; 32])));
}

#[test]
fn a_dependency_twice() {
    bent(RefusalCode::NotCanonical, |_, change| change.deps.push(change.deps[0]));
}

#[test]
fn a_dependency_that_another_implies() {
    bent(RefusalCode::NotCanonical, |server, change| {
        // The recorder's; the secretary's own last change may stand beside what implies it.
        change.deps.push(expand(&server.log[2]).hash.unwrap());
    });
}

#[test]
fn a_dependency_on_another_record() {
    let cast = Cast::new();
    let mut other = Server::new(&cast, cast.ledger(7));
    let foreign = expand(&other.accept(&cast.member(7), &crate::support::claim(1))).hash.unwrap();
    bent(RefusalCode::MissingDependency, |_, change| change.deps.push(foreign));
}

/// The same kind, another activity: everything fits but that its past is not here.
#[test]
fn a_change_of_another_record() {
    let cast = Cast::new();
    let mut other = Server::new(&cast, cast.activity());
    other.accept(&cast.secretary(), &title("另一次活动"));
    let change = other.accept(&cast.secretary(), &place("别处"));
    attack(RefusalCode::MissingDependency, |_, _| change);
}

#[test]
fn another_devices_actor() {
    let cast = Cast::new();
    let recorder = cast.recorder();
    attack(RefusalCode::WrongActor, |server, _| server.phone(recorder).write(&title("党课")));
}

#[test]
fn the_genesis_actor() {
    bent(RefusalCode::WrongActor, |_, change| change.actor_id = ActorId::from(&[0u8; Actor::LEN][..]));
}

#[test]
fn an_epoch_of_nought() {
    let cast = Cast::new();
    attack(RefusalCode::WrongActor, |server, _| {
        let mut phone = server.phone(cast.secretary());
        phone.epoch = 0;
        phone.write(&title("党课"))
    });
}

/// Two different changes under one actor and sequence number: a phone restored from a backup.
#[test]
fn the_same_sequence_number_for_other_bytes() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let mut old = secretary(&server);
    let mut restored = old.clone();
    server.receive(&old.author.clone(), &old.write(&title("党课"))).unwrap();
    let attack = restored.write(&title("组织生活会"));
    refused(&mut server, &restored.author, &attack, RefusalCode::SequenceConflict);
}

#[test]
fn keys_in_other_spellings() {
    let spellings = [
        member(9).to_string().to_uppercase(),
        member(9).0.simple().to_string(),
        member(9).0.urn().to_string(),
        member(9).0.braced().to_string(),
        format!(" {}", member(9)),
        String::new(),
    ];
    for key in spellings {
        attack(RefusalCode::UnknownField, |_, phone| {
            forge(phone, vec![put(ATTENDANCE, &key, "present", vec![])])
        });
    }
}

#[test]
fn a_field_that_records_do_not_have() {
    attack(RefusalCode::UnknownField, |_, phone| forge(phone, vec![put(ABOUT, "belief", "x", vec![])]));
}

/// What comes behind a good operation is judged as well, and takes the good one with it.
#[test]
fn a_bad_operation_behind_a_good_one() {
    attack(RefusalCode::UnknownField, |_, phone| {
        forge(phone, vec![put(ABOUT, "theme", "x", vec![]), put(ABOUT, "belief", "x", vec![])])
    });
}

/// An object, a character, a value that came later than what the change depends on.
#[test]
fn a_reference_to_what_its_author_could_not_know() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let old = secretary(&server);
    let later = server.accept(&cast.recorder(), &mark(9, "present"));
    let text = server.record.text("minutes");
    let inserted = server.accept(&cast.recorder(), &crate::support::minutes(&text, &format!("续{text}")));
    let key = member(9).to_string();
    let attacks = [
        put(ATTENDANCE, &key, "visited", vec![id_in(&later, 0)]),
        op(ATTENDANCE, &key, OpType::Delete, vec![id_in(&later, 0)]),
        insert(ElementId::Id(id_in(&inserted, 0)), "x"),
        deletion(ElementId::Id(id_in(&inserted, 0)), vec![id_in(&inserted, 0)]),
    ];
    for attack in attacks {
        let bytes = encode(&ExpandedChange { operations: vec![attack], ..blank(&old) });
        let answer = server.receive(&old.author, &bytes).map_err(|refusal| refusal.code);
        assert_eq!(answer, Err(RefusalCode::WrongPredecessor));
    }
}

#[test]
fn an_operation_that_refers_to_a_later_one_of_its_own_change() {
    attack(RefusalCode::WrongPredecessor, |_, phone| {
        let start = blank(phone).start_op.get();
        let own = phone.actor().to_automerge();
        forge(
            phone,
            vec![insert(ElementId::Id(OpId::new(start + 1, &own)), "x"), insert(ElementId::Head, "y")],
        )
    });
    attack(RefusalCode::WrongPredecessor, |_, phone| {
        let own = OpId::new(blank(phone).start_op.get(), &phone.actor().to_automerge());
        forge(phone, vec![put(ABOUT, "theme", "x", vec![own])])
    });
}

#[test]
fn bytes_that_are_no_event() {
    attack(RefusalCode::WrongValue, |_, phone| {
        let key = crate::support::entry(77).to_string();
        forge(phone, vec![put(EVENTS, &key, ScalarValue::Bytes(vec![0xa0, 0, 1]), vec![])])
    });
}
