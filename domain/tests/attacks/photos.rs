//! Photos: named once, taken away for good, never more than three, and nothing beside the picture.

use automerge::ScalarValue;
use automerge::legacy::OpType;
use zhibu_domain::attachment::{Attachment, MAX_PHOTO_BYTES, MAX_PHOTOS, MAX_THUMB_BYTES};
use zhibu_domain::command::Command;
use zhibu_domain::event::Verb;
use zhibu_domain::record::{CommandFault, Stamp};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;
use zhibu_domain::view::ActivityView;

use crate::support::craft::{ATTACHMENTS, blank, forge, id_in, op, put};
use crate::support::{Cast, Server, attach, entry, photo, review};
use crate::{activity, refused, secretary, server_secretary};

fn value(photo: &Attachment) -> ScalarValue {
    ScalarValue::Bytes(minicbor::to_vec(photo).unwrap())
}

fn remove(id: u64) -> Command {
    Command::RemovePhoto { entry: entry(id) }
}

/// An activity with three photos.
fn full(cast: &Cast) -> Server<'_> {
    let mut server = activity(cast);
    (1..=3).for_each(|id| drop(server.accept(&cast.recorder(), &attach(id))));
    server
}

#[test]
fn a_photo_without_the_right() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    server.accept(&cast.secretary(), &attach(1));
    let strangers = [cast.member(9), cast.leader(), cast.officer(), cast.admin(), cast.neighbour_secretary()];
    for author in strangers {
        for command in [attach(2), remove(1)] {
            let attack = server.phone(author.clone()).write(&command);
            refused(&mut server, &author, &attack, RefusalCode::NoRight);
        }
    }
}

#[test]
fn a_photo_after_filing() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    server.accept(&cast.secretary(), &attach(1));
    let mut old = server.phone(cast.recorder());
    server.accept(&cast.secretary(), &review(10, Verb::Submitted));
    server.accept(&cast.officer(), &review(11, Verb::Filed));
    let late = old.write(&attach(2));
    refused(&mut server, &old.author, &late, RefusalCode::RecordFiled);
    let gone = server.phone(cast.secretary()).write(&remove(1));
    refused(&mut server, &cast.secretary(), &gone, RefusalCode::RecordFiled);
}

#[test]
fn a_photo_exchanged_for_another() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let first = server.accept(&cast.secretary(), &attach(1));
    let (id, key) = (id_in(&first, 0), entry(1).to_string());
    for pred in [vec![id.clone()], vec![]] {
        let phone = secretary(&server);
        let attack = forge(&phone, vec![put(ATTACHMENTS, &key, value(&photo(2)), pred)]);
        refused(&mut server, &phone.author, &attack, RefusalCode::AlreadyWritten);
    }
    // Nor after it was taken away, also by a phone that has not heard of that.
    let old = server.phone(cast.recorder());
    server.accept(&cast.secretary(), &remove(1));
    for phone in [old, server.phone(cast.recorder())] {
        let attack = forge(&phone, vec![put(ATTACHMENTS, &key, value(&photo(2)), vec![])]);
        refused(&mut server, &phone.author, &attack, RefusalCode::AlreadyWritten);
    }
    let again = op(ATTACHMENTS, &key, OpType::Delete, vec![id]);
    let phone = secretary(&server);
    refused(&mut server, &phone.author, &forge(&phone, vec![again]), RefusalCode::WrongPredecessor);
}

#[test]
fn two_phones_take_the_same_photo_away() {
    let cast = Cast::new();
    let mut server = full(&cast);
    let (mut one, mut two) = (server.phone(cast.secretary()), server.phone(cast.recorder()));
    for phone in [&mut one, &mut two] {
        server.receive(&phone.author.clone(), &phone.write(&remove(2))).unwrap();
    }
    server.accept(&cast.secretary(), &attach(4));
    server.restart();
    let attack =
        forge(&secretary(&server), vec![put(ATTACHMENTS, &entry(5).to_string(), value(&photo(5)), vec![])]);
    refused(&mut server, &server_secretary(), &attack, RefusalCode::TooManyPhotos);
}

#[test]
fn a_fourth_photo() {
    let cast = Cast::new();
    let mut server = full(&cast);
    let mut phone = secretary(&server);
    let fault = phone.record.execute(&attach(4), Stamp { actor: phone.actor(), now: Millis(0) });
    let slot = format!("attachments.{}", entry(4));
    assert_eq!(fault, Err(CommandFault::TooMany { slot, most: MAX_PHOTOS }));
    let forged = |id: u64| put(ATTACHMENTS, &entry(id).to_string(), value(&photo(id)), vec![]);
    let attack = forge(&secretary(&server), vec![forged(4)]);
    refused(&mut server, &server_secretary(), &attack, RefusalCode::TooManyPhotos);
    // Without signal each phone saw room for two more; the second to arrive is told.
    server.accept(&cast.secretary(), &remove(1));
    let (mut one, mut two) = (server.phone(cast.secretary()), server.phone(cast.recorder()));
    server.receive(&one.author.clone(), &one.write(&attach(4))).unwrap();
    let late = two.write(&attach(5));
    refused(&mut server, &two.author, &late, RefusalCode::TooManyPhotos);
    assert_eq!(ActivityView::of(&server.record).attachments.len(), MAX_PHOTOS);
}

/// A limit is for what is new: what had its receipt comes back, even if others took its room meanwhile.
#[test]
fn a_photo_that_a_set_back_server_forgot() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    (1..=2).for_each(|id| drop(server.accept(&cast.recorder(), &attach(id))));
    let mut lost = server.clone();
    let forgotten = lost.accept(&cast.secretary(), &attach(3));
    server.accept(&cast.recorder(), &attach(4));
    server.take_back(&forgotten);
    server.restart();
    assert_eq!(ActivityView::of(&server.record).attachments.len(), MAX_PHOTOS + 1);
    for id in 1..=2 {
        let phone = secretary(&server);
        let attack = forge(&phone, vec![put(ATTACHMENTS, &entry(5).to_string(), value(&photo(5)), vec![])]);
        refused(&mut server, &server_secretary(), &attack, RefusalCode::TooManyPhotos);
        server.accept(&cast.secretary(), &remove(id));
    }
    server.accept(&cast.secretary(), &attach(5));
}

/// Puts and deletes within one change: only what it leaves counts, and counting takes no longer for many.
#[test]
fn photos_without_end() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let phone = secretary(&server);
    let start = blank(&phone).start_op.get();
    let actor = phone.actor().to_automerge();
    let mut operations = Vec::new();
    for id in 0..2_000 {
        let key = entry(id).to_string();
        let own = automerge::legacy::OpId::new(start + operations.len() as u64, &actor);
        operations.push(put(ATTACHMENTS, &key, value(&photo(id)), vec![]));
        operations.push(op(ATTACHMENTS, &key, OpType::Delete, vec![own]));
    }
    let mut one_too_many = operations.clone();
    let more = (3_000..3_004).map(|id| put(ATTACHMENTS, &entry(id).to_string(), value(&photo(id)), vec![]));
    one_too_many.extend(more);
    let code = server.receive(&phone.author, &forge(&phone, one_too_many)).unwrap_err().code;
    assert_eq!(code, RefusalCode::TooLarge, "half a MiB of names");
    operations.truncate(1_000);
    server.receive(&phone.author, &forge(&phone, operations)).unwrap();
    assert!(ActivityView::of(&server.record).attachments.is_empty());
    server.restart();
    server.accept(&cast.secretary(), &attach(5_000));
}

#[test]
fn an_entry_that_is_no_photo() {
    let cast = Cast::new();
    let mut server = activity(&cast);
    let honest = photo(1);
    let mut hidden = minicbor::to_vec(honest).unwrap();
    assert_eq!(hidden[0], 0xa5, "a map of five");
    hidden[0] = 0xa6;
    hidden.push(9);
    hidden.extend(minicbor::to_vec("北纬42度").unwrap());
    let wrong = [
        value(&Attachment { size_bytes: MAX_PHOTO_BYTES + 1, ..honest }),
        value(&Attachment { thumb_bytes: MAX_THUMB_BYTES + 1, ..honest }),
        value(&Attachment { thumb_bytes: 0, ..honest }),
        value(&Attachment { thumb: honest.photo, ..honest }),
        ScalarValue::Bytes(hidden),
        ScalarValue::Bytes(vec![0xa0]),
        "照片".into(),
    ];
    for wrong in wrong {
        let attack = forge(&secretary(&server), vec![put(ATTACHMENTS, &entry(1).to_string(), wrong, vec![])]);
        refused(&mut server, &server_secretary(), &attack, RefusalCode::WrongValue);
    }
}
