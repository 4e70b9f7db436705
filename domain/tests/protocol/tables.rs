//! The tables that are lists of the code.

use std::collections::BTreeMap;

use zhibu_domain::access::permissions;
use zhibu_domain::attachment::{MAX_PHOTO_BYTES, MAX_PHOTOS, MAX_THUMB_BYTES, PhotoFormat, PhotoSize};
use zhibu_domain::attendance::Attendance;
use zhibu_domain::event::{PointsReason, PointsVerb, RedoReason, Status, Verb};
use zhibu_domain::org::{NamingScheme, OrgType, Role};
use zhibu_domain::record::{MAX_RECORD_BYTES, RecordKind, genesis_hash, shape_of};
use zhibu_domain::wire::KeyAlgorithm;
use zhibu_domain::words::Word;
use zhibu_domain::{gate, wire};

/// Every made table by its block's name.
pub(crate) fn all() -> BTreeMap<String, String> {
    let mut made: BTreeMap<_, _> =
        RecordKind::ALL.iter().map(|kind| (format!("shape {kind}"), shape(*kind))).collect();
    made.insert("words".into(), words());
    made.insert("genesis hashes".into(), genesis_hashes());
    made.insert("limits".into(), limits());
    made.insert("permissions".into(), permission_table());
    made
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<_> = head.iter().map(|cell| cell.to_string()).collect();
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    line(&head) + &rule + &rows.into_iter().map(|row| line(&row)).collect::<String>()
}

fn code(text: impl std::fmt::Display) -> String {
    format!("`{text}`")
}

fn shape(kind: RecordKind) -> String {
    let rows = shape_of(kind).into_iter().map(|slot| {
        let key = if slot.key.is_empty() { "none".to_owned() } else { code(slot.key) };
        vec![code(slot.container), key, slot.value, slot.edit]
    });
    table(&["container", "key", "value", "edit"], rows)
}

fn genesis_hashes() -> String {
    let rows = RecordKind::ALL
        .iter()
        .map(|kind| vec![code(kind), code(genesis_hash(&super::examples::reference(*kind)))]);
    table(&["kind", "hash of the genesis change of the examples' record"], rows)
}

fn permission_table() -> String {
    let rows =
        permissions().into_iter().map(|row| vec![code(row.kind), row.act, row.hands.join(", "), row.when]);
    table(&["kind", "act", "who", "status of the record"], rows)
}

fn words() -> String {
    fn row<W: Word>(name: &str) -> Vec<String> {
        let words: Vec<_> = W::ALL.iter().map(|word| code(word.as_str())).collect();
        vec![name.to_owned(), words.join(" ")]
    }
    let rows = [
        row::<RecordKind>("record kind"),
        row::<OrgType>("org type"),
        row::<NamingScheme>("naming scheme"),
        row::<Role>("role"),
        row::<KeyAlgorithm>("key algorithm"),
        row::<Verb>("verb"),
        row::<Status>("status"),
        row::<RedoReason>("redo reason"),
        row::<PointsVerb>("points verb"),
        row::<PointsReason>("points reason"),
        row::<Attendance>("attendance"),
        row::<PhotoFormat>("photo format"),
        row::<PhotoSize>("photo size"),
    ];
    table(&["list", "words"], rows)
}

fn limits() -> String {
    let rows = [
        ("request body after decompression, bytes", wire::MAX_BODY_BYTES as u64),
        ("envelope body, bytes", wire::MAX_ENVELOPE_BYTES as u64),
        ("changes in one envelope", wire::MAX_ENVELOPE_CHANGES as u64),
        ("envelopes in one request", wire::MAX_REQUEST_ENVELOPES as u64),
        ("marks in one request", wire::MAX_REQUEST_POSITIONS as u64),
        ("one change, bytes", gate::MAX_CHANGE_BYTES as u64),
        ("operations in one change; predecessors in one change", gate::MAX_OPERATIONS),
        ("all changes of one record, bytes", MAX_RECORD_BYTES as u64),
        ("photos of one activity at a time", MAX_PHOTOS as u64),
        ("one photo, bytes", MAX_PHOTO_BYTES.into()),
        ("one thumbnail, bytes", MAX_THUMB_BYTES.into()),
        ("one chunk of a blob, bytes", wire::MAX_BLOB_CHUNK_BYTES as u64),
    ];
    table(&["limit", "at most"], rows.map(|(what, most)| vec![what.to_owned(), most.to_string()]))
}
