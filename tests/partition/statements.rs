//! Every statement of both stores, read from their sources: each table that it touches is bound to a district, by a
//! value that is handed in or through another table of the statement.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::catalogue;

/// Statements that may look across districts, each by a part of its text, and why.
const ACROSS: &[(&str, &str)] = &[
    ("FROM districts t ORDER BY t.district_id", "the list of the districts themselves"),
    ("SELECT EXISTS (SELECT 1 FROM districts)", "whether there is any district"),
    ("WHERE i.secret_hash", "who enrols knows a secret of 32 bytes and not yet its district"),
    ("WHERE d.device = ?1", "a proof names a device before anybody knows its district"),
    ("WHERE d.device = $1", "a proof names a device before anybody knows its district"),
    (
        "SELECT DISTINCT district_id, hash FROM blobs",
        "the pictures that a backup of the whole file speaks of",
    ),
    ("AS broken", "every row of the whole database that is not what was written, for who keeps it running"),
    ("SELECT device, counter, digest, checksum FROM envelopes", "the same"),
    ("AS quarantined", "figures of the whole database, for who keeps it running"),
];

/// A table's place in a statement.
#[derive(Debug)]
struct Mention {
    table: String,
    /// What the statement calls it: its alias, or else nothing.
    alias: Option<String>,
}

#[tokio::test]
async fn every_statement_names_the_district() {
    let folder = TempDir::new().unwrap();
    let tables = catalogue::sqlite_tables(&catalogue::sqlite(&folder).await).await.into_keys().collect();
    let mut unused: BTreeSet<&str> = ACROSS.iter().map(|(part, _)| *part).collect();
    let mut count = 0;
    for path in sources() {
        let source = fs::read_to_string(&path).unwrap();
        assert!(!source.contains("AssertSqlSafe"), "{}: statements are constant text", path.display());
        for statement in literals(&source).into_iter().filter(|text| is_statement(text)) {
            count += 1;
            if let Some((part, _)) = ACROSS.iter().find(|(part, _)| statement.contains(part)) {
                // The same text with a district is the rule and not the exception.
                if find_fault(&statement, &tables).is_some() {
                    unused.remove(part);
                    continue;
                }
            }
            let fault = find_fault(&statement, &tables);
            assert_eq!(fault, None, "{}: {statement}", path.display());
        }
    }
    assert!(count > 120, "only {count} statements were found");
    assert!(unused.is_empty(), "exceptions for nothing: {unused:?}");
}

#[test]
fn a_statement_without_its_district_is_seen() {
    let tables = ["changes", "records", "devices"].map(str::to_owned).into();
    let fault = |statement: &str| find_fault(statement, &tables);
    for good in [
        "SELECT * FROM changes WHERE district_id = $1 AND hash = $2",
        "UPDATE devices d SET x = n.x FROM unnest($2::uuid[]) AS n (device) WHERE d.district_id = $1 AND d.device = n.device",
        "SELECT 1 FROM records r JOIN changes c ON c.district_id = r.district_id AND c.record_id = r.record_id WHERE r.district_id = ?",
        "INSERT INTO changes (district_id, hash) VALUES ($1, $2) ON CONFLICT (district_id, hash) DO NOTHING",
        "SELECT 1 FROM unnest($1::uuid[]) AS asked (district_id) JOIN devices d ON d.district_id = asked.district_id",
    ] {
        assert_eq!(fault(good), None, "{good}");
    }
    for bad in [
        "SELECT * FROM changes WHERE hash = $2",
        "DELETE FROM records WHERE record_id = ?",
        "UPDATE devices SET x = 1 WHERE device = ?",
        "SELECT 1 FROM records r JOIN changes c ON c.record_id = r.record_id WHERE r.district_id = ?",
        "SELECT 1 FROM records r JOIN changes c ON c.district_id = r.district_id",
        "INSERT INTO changes (hash) VALUES ($1)",
        "INSERT INTO changes (district_id, hash) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING",
        "INSERT INTO changes (district_id) SELECT r.district_id FROM records r",
    ] {
        assert!(fault(bad).is_some(), "{bad}");
    }
}

/// The sources of both stores, their tests left out.
pub(crate) fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.file_name().unwrap().to_str().unwrap() {
                "conformance" | "tests.rs" => {}
                _ if path.is_dir() => walk(&path, found),
                _ => found.push(path),
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("server/src/store"), &mut found);
    found
}

/// The texts in quotes, comments left out.
pub(crate) fn literals(source: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut text: Option<String> = None;
    let mut characters = source.chars().peekable();
    while let Some(character) = characters.next() {
        match (&mut text, character) {
            (None, '/') if characters.peek() == Some(&'/') => {
                characters.by_ref().find(|c| *c == '\n');
            }
            (None, '\'') => {
                // A character or a lifetime: a quote in a character begins no text.
                let rest: String = characters.clone().take(2).collect();
                if rest == "\"'" || rest == "\\\"" {
                    characters.next();
                }
            }
            (None, '"') => text = Some(String::new()),
            (None, _) => {}
            (Some(open), '\\') => {
                let escaped = characters.next().unwrap();
                if escaped == '\n' {
                    while characters.peek().is_some_and(|c| c.is_whitespace()) {
                        characters.next();
                    }
                } else {
                    open.push(escaped);
                }
            }
            (Some(_), '"') => literals.extend(text.take()),
            (Some(open), character) => open.push(character),
        }
    }
    literals
}

pub(crate) fn is_statement(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&first)
}

/// What is wrong with a statement.
fn find_fault(statement: &str, tables: &BTreeSet<String>) -> Option<String> {
    let words = words_of(statement);
    let mentions = mentions_of(&words, tables);
    let compared = comparisons_of(&words);
    let is_table = |name: &str| {
        mentions.iter().any(|m| m.alias.as_deref().unwrap_or(&m.table) == name || m.table == name)
    };
    let is_insert = |at: usize| at > 0 && words[at - 1] == "INTO";
    for (at, word) in words.iter().enumerate() {
        if is_insert(at) && tables.contains(word) {
            let columns = words[at..].iter().skip_while(|word| *word != "(").take_while(|word| *word != ")");
            if !columns.into_iter().any(|column| column == "district_id") {
                return Some(format!("a row of {word} without a district"));
            }
        }
        if word == "CONFLICT"
            && words.get(at + 1).is_some_and(|next| next == "(")
            && words[at + 2] != "district_id"
        {
            return Some("a conflict without a district".to_owned());
        }
    }
    let read: Vec<_> = mentions.iter().filter(|mention| !is_only_inserted(&words, mention)).collect();
    for mention in &read {
        let name = mention.alias.as_deref();
        let is_bound = compared.iter().any(|(left, right)| match name {
            Some(name) => left.as_deref() == Some(name) || right == &Some(name.to_owned()),
            None => left.is_none() || left.as_deref() == Some(&*mention.table),
        });
        if !is_bound {
            return Some(format!("{mention:?} is not bound to a district"));
        }
    }
    // All of them bound to each other and none to a value is no district either.
    let is_anchored = compared.iter().any(|(_, right)| right.as_ref().is_none_or(|name| !is_table(name)));
    (!read.is_empty() && !is_anchored).then(|| "no district is handed in".to_owned())
}

fn words_of(statement: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in statement.chars() {
        let is_part = character.is_alphanumeric() || "_.$?:[]".contains(character);
        if is_part {
            words.last_mut().unwrap().push(character);
        } else {
            if !character.is_whitespace() {
                words.push(character.to_string());
            }
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn mentions_of(words: &[String], tables: &BTreeSet<String>) -> Vec<Mention> {
    const BEHIND: [&str; 5] = ["FROM", "JOIN", "UPDATE", "INTO", "USING"];
    const NO_ALIAS: [&str; 22] = [
        "WHERE",
        "SET",
        "JOIN",
        "ON",
        "ORDER",
        "LEFT",
        "CROSS",
        "INNER",
        "GROUP",
        "LIMIT",
        "FOR",
        "USING",
        "VALUES",
        "SELECT",
        "UNION",
        "RETURNING",
        "FROM",
        "AND",
        "INDEXED",
        "NOT",
        "DO",
        "DEFAULT",
    ];
    let mut mentions = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if at == 0 || !tables.contains(word) || !BEHIND.contains(&&*words[at - 1]) {
            continue;
        }
        let mut next = at + 1;
        if words.get(next).is_some_and(|word| word == "AS") {
            next += 1;
        }
        let alias = words.get(next).filter(|word| {
            word.chars().all(|c| c.is_alphanumeric() || c == '_') && !NO_ALIAS.contains(&&***word)
        });
        mentions.push(Mention { table: word.clone(), alias: alias.cloned() });
    }
    mentions
}

/// Whether a table is only added to: then its rows bring their district.
fn is_only_inserted(words: &[String], mention: &Mention) -> bool {
    let behind = |word: &str| words.windows(2).any(|pair| pair[0] == word && pair[1] == mention.table);
    behind("INTO") && !["FROM", "JOIN", "USING"].into_iter().any(behind)
}

/// Each `district_id = …`: whose, and whose it is compared with; none on the right for anything but another
/// `district_id`.
fn comparisons_of(words: &[String]) -> Vec<(Option<String>, Option<String>)> {
    let owner = |word: &str| word.strip_suffix(".district_id").map(str::to_owned);
    let is_district = |word: &str| word == "district_id" || word.ends_with(".district_id");
    let triples = words.windows(3).filter(|triple| triple[1] == "=" && is_district(&triple[0]));
    triples.map(|triple| (owner(&triple[0]), owner(&triple[2]))).collect()
}
