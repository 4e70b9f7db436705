//! `PROTOCOL.md` says what the code does: its examples are the code's own bytes, its tables the code's own lists.
//!
//! What stands between `<!-- made: NAME -->` and `<!-- end -->` is made here. After a change that is meant, run
//! `ZHIBU_WRITE_PROTOCOL=1 cargo test -p zhibu-domain --test protocol`, and read the difference before committing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod examples;
mod notation;
mod page;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use zhibu_domain::ids::{DeviceId, OrgId};
use zhibu_domain::org::{Org, OrgType};
use zhibu_domain::record::RecordKind;
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{self, AuthorCard, ErrorCode, Refusal};

use page::Page;

/// Set to rewrite the made blocks of the page instead of comparing them.
const WRITE: &str = "ZHIBU_WRITE_PROTOCOL";

#[test]
fn what_the_page_shows_is_what_the_code_makes() {
    let mut made = tables::all();
    made.extend(examples::all().into_iter().map(|example| (example.name.clone(), example.block())));
    let page = Page::read();
    let names: BTreeSet<_> = page.blocks().into_keys().collect();
    assert_eq!(names, made.keys().cloned().collect(), "the page must have exactly one block for each name");
    if std::env::var_os(WRITE).is_some() {
        page.write(&made);
        return;
    }
    for (name, block) in page.blocks() {
        assert_eq!(
            block, made[&name],
            "PROTOCOL.md, block {name:?}, is not what the code makes. If the change is meant: {WRITE}=1 cargo test \
             -p zhibu-domain --test protocol"
        );
    }
}

#[test]
fn each_example_of_the_page_reads_back() {
    let blocks = Page::read().blocks();
    for example in examples::all() {
        let bytes = page::hex_of(&blocks[&example.name]);
        (example.reads_back)(&bytes);
        assert_eq!(bytes, example.bytes, "{}", example.name);
    }
}

#[test]
fn every_code_has_its_row_and_every_row_its_code() {
    let page = Page::read();
    let refusals = page.rows("## Refusal codes");
    let expected: BTreeMap<_, _> = RefusalCode::ALL.iter().map(|code| (code.as_str(), *code)).collect();
    assert_eq!(keys(&refusals), expected.keys().map(|word| word.to_string()).collect());
    for row in &refusals {
        let rewrite = if expected[row[0].as_str()].calls_for_rewrite() { "yes" } else { "no" };
        assert_eq!(row[2], rewrite, "whether a client writes {} again by itself", row[0]);
    }
    let errors = page.rows("## Error codes");
    assert_eq!(keys(&errors), ErrorCode::ALL.iter().map(|code| code.to_string()).collect());
    for row in &errors {
        assert!(row[1].parse::<u16>().is_ok_and(|status| (400..600).contains(&status)), "{row:?}");
    }
    assert_eq!(
        (refusals.len(), errors.len()),
        (RefusalCode::ALL.len(), ErrorCode::ALL.len()),
        "no row twice"
    );
}

#[test]
fn the_page_knows_each_endpoint_kind_and_context() {
    let text = Page::read().text;
    let blobs = "/v1/records/RECORD/blobs/HASH";
    let endpoints = [
        "POST /v1/enrol",
        "POST /v1/token",
        "POST /v1/sync",
        "GET /v1/events",
        &format!("GET {blobs}/offset"),
        &format!("PUT {blobs}/offset/OFFSET"),
        &format!("GET {blobs}"),
    ];
    let kinds = RecordKind::ALL.iter().map(|kind| kind.as_str());
    for word in endpoints.into_iter().chain(kinds) {
        assert!(text.contains(&format!("`{word}`")), "PROTOCOL.md does not mention {word}");
    }
    for context in [wire::ENVELOPE_CONTEXT, wire::ENROL_CONTEXT, wire::TOKEN_CONTEXT, wire::VOUCHER_CONTEXT] {
        let (zero, name) = context.split_last().unwrap();
        let stated = format!("`\"{}\" {zero:02x}`", std::str::from_utf8(name).unwrap());
        assert!(text.contains(&stated), "PROTOCOL.md does not mention {stated}");
    }
}

/// "Conventions": what is absent leaves no key in a map, `null` in an array, and nothing at an array's end.
#[test]
fn absent_optionals_travel_as_the_page_says() {
    let shown = |value: Vec<u8>| notation::of(&value);
    let id = OrgId::from_bytes([1; 16]);
    let root = Org { id, parent: None, org_type: OrgType::District, name: "旗".into() };
    let card = AuthorCard {
        device: DeviceId::from_bytes([2; 16]),
        name: "a".into(),
        device_name: "b".into(),
        member: None,
    };
    let refusal = Refusal { code: RefusalCode::NoRight, slot: None, detail: Some("c".into()) };
    let hex = |n: &str| format!("h'{}'", n.repeat(16));
    assert_eq!(shown(minicbor::to_vec(root).unwrap()), format!(r#"[{}, null, "district", "旗"]"#, hex("01")));
    assert_eq!(shown(minicbor::to_vec(card).unwrap()), format!(r#"[{}, "a", "b"]"#, hex("02")));
    assert_eq!(shown(minicbor::to_vec(refusal).unwrap()), "{\n  0: \"no_right\",\n  2: \"c\"\n}");
}

fn keys(rows: &[Vec<String>]) -> BTreeSet<String> {
    rows.iter().map(|row| row[0].clone()).collect()
}
