//! The types that the screens see, written down for TypeScript in one committed file.
//!
//! `ZHIBU_WRITE_TYPES=1 cargo test -p zhibu-sync-client --test typescript` writes the file anew.
use std::collections::BTreeMap;
use std::path::PathBuf;

use ts_rs::{Config, TS, TypeVisitor};
use zhibu_domain::command::Command;
use zhibu_sync_client::client::{Status, SyncReport};
use zhibu_sync_client::desk;

/// Every type that one of the roots leads to, by name.
struct Declarations {
    config: Config,
    by_name: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_none() {
            return; // a type of TypeScript itself
        }
        let (name, docs) = (T::ident(&self.config), T::docs().unwrap_or_default());
        let declaration = compact(&format!("{docs}export {}\n", T::decl(&self.config)));
        let before = self.by_name.insert(name.clone(), declaration);
        match before {
            None => T::visit_dependencies(self),
            Some(before) => assert!(before == self.by_name[&name], "two types are called {name}"),
        }
    }
}

/// A comment of one line takes one line, and what stands inside a type is indented.
fn compact(declaration: &str) -> String {
    let mut short = String::new();
    let mut inside = false;
    let mut rest = declaration.lines().peekable();
    while let Some(line) = rest.next() {
        let pad = if inside && line != "};" { "  " } else { "" };
        inside |= line.starts_with("export");
        let words = rest.peek().and_then(|next| next.strip_prefix(" * ")).unwrap_or_default().to_owned();
        let mut ahead = rest.clone().skip(1);
        if line == "/**" && ahead.next() == Some(" */") {
            rest.nth(1);
            short += &format!("{pad}/** {words} */\n");
        } else {
            short += &format!("{pad}{}\n", line.trim_end());
        }
    }
    short
}

/// Arguments and answers of the core, as its JavaScript half hands them over.
fn declarations() -> String {
    let config = Config::new().with_large_int("number");
    let mut all = Declarations { config, by_name: BTreeMap::new() };
    all.visit::<Command>();
    all.visit::<desk::Me>();
    all.visit::<Status>();
    all.visit::<SyncReport>();
    all.visit::<desk::ActivityLine>();
    all.visit::<desk::ActivitySheet>();
    all.visit::<desk::HistoryLine>();
    all.visit::<desk::QuorumSheet>();
    all.visit::<desk::RosterLine>();
    all.visit::<desk::LedgerSheet>();
    all.visit::<desk::BookSheet>();
    all.visit::<desk::RefusedSheet>();
    all.visit::<desk::WaitingLine>();
    all.visit::<desk::RecordKey>();
    all.visit::<desk::Executed>();
    let head = "// Generated from the Rust types by sync-client/tests/typescript.rs, which says how. Not for hands.\n\n";
    head.to_owned() + &all.by_name.into_values().collect::<Vec<_>>().join("\n")
}

#[test]
fn typescript_is_told_what_rust_says() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../web/src/core/generated.ts");
    let now = declarations();
    if std::env::var_os("ZHIBU_WRITE_TYPES").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == now,
        "web/src/core/generated.ts is not what Rust says; ZHIBU_WRITE_TYPES=1 writes it anew"
    );
}

#[test]
fn a_command_is_the_same_in_json_and_in_rust() {
    let member = "01980000-0000-7000-8000-000000000001";
    let hash = "0f".repeat(32);
    for json in [
        format!(r#"{{"record_attendance":[["{member}","present"]]}}"#),
        r#"{"set_about":[["place","村委会"],["hours",2],["theme",null]]}"#.to_owned(),
        r#"{"set_kinds":{"add":["general_meeting"],"remove":[]}}"#.to_owned(),
        r#"{"edit_minutes":{"before":"","after":"…"}}"#.to_owned(),
        format!(
            r#"{{"set_resolution":{{"entry":"{member}","text":"同意","decision":"general_vote","ballot":{{"yes":5,"no":0,"abstain":1}}}}}}"#
        ),
        format!(
            r#"{{"review":{{"event":"{member}","verb":"submitted","slot":null,"comment":null,"reason":null}}}}"#
        ),
        r#"{"resolve":{"slot":"about.place","keep":"村委会"}}"#.to_owned(),
        format!(
            r#"{{"claim_points":{{"entry":"{member}","claim":{{"rule":"C01","date":"2026-11-07","units":2,"matter":"修渠","points":null}}}}}}"#
        ),
        format!(
            r#"{{"attach_photo":{{"entry":"{member}","photo":{{"photo":"{hash}","size_bytes":9,"thumb":"{hash}","thumb_bytes":8,"mime":"image/webp"}}}}}}"#
        ),
        format!(r#"{{"remove_photo":{{"entry":"{member}"}}}}"#),
    ] {
        let command: Command = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&command).unwrap(), json);
    }
}
