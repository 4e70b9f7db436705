//! What Zhibu must never do (DESIGN, "What it must never do"; domain report 3.4, R1 to R10), held against every
//! schema that there is: the migrations, the shapes of records, the words of the wire, the console's API.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop here")]

use std::fs;
use std::path::Path;

use zhibu_domain::access::{Author, Scene, permissions};
use zhibu_domain::attachment::{Attachment, BlobHash, PhotoFormat};
use zhibu_domain::command::{Command, MemberField};
use zhibu_domain::event::{Status, Verb};
use zhibu_domain::gate::{Index, admit, decode};
use zhibu_domain::ids::{AccountId, DeviceId, EntryId, OrgId, RecordId};
use zhibu_domain::org::{Org, OrgTree, OrgType, Post, Role};
use zhibu_domain::record::{Actor, Record, RecordKind, RecordRef, Stamp, shape_of};
use zhibu_domain::rule_book::{EXAMPLE_TOML, RuleBook};
use zhibu_domain::time::Millis;
use zhibu_domain::view::ActivityView;

/// Parts of names that no table, field, route or parameter may have.
const BANNED: &[(&str, &str)] = &[
    ("rank", "R1: nobody is ranked"),
    ("leaderboard", "R1: nobody is ranked"),
    ("top_", "R1: nobody is ranked"),
    ("login_count", "R2: no metric of using the app"),
    ("last_login", "R2: no metric of using the app"),
    ("online", "R2: no metric of using the app"),
    ("time_on", "R2: no metric of using the app"),
    ("install", "R2: no metric of using the app"),
    ("check_in", "R3: nobody must check in"),
    ("latitude", "R3: no place of a person"),
    ("longitude", "R3: no place of a person"),
    ("gps", "R3: no place of a person"),
    ("geo", "R3: no place of a person"),
    ("belief", "no belief"),
    ("religio", "no belief"),
    ("health", "no health"),
    ("diagnos", "no health"),
    ("family", "no family"),
    ("wage", "no wage"),
    ("salary", "no wage"),
    ("income", "no wage"),
    ("id_card", "no identity number"),
    ("identity_number", "no identity number"),
    ("portrait", "no profile"),
    ("profile_text", "no profile"),
    ("disciplin", "no disciplinary data"),
    ("punish", "no disciplinary data"),
    ("score", "points of records, not scores of people"),
    ("remark", "no free text about a person"),
    ("evaluation", "no free text about a person"),
];

fn assert_clean(what: &str, name: &str) {
    let lower = name.to_lowercase();
    for (part, why) in BANNED {
        assert!(!lower.contains(part), "{what} {name:?}: {why}");
    }
}

/// Table and column names of the migrations, with the text of the column.
fn columns() -> Vec<(String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut columns = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let sql = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut table = String::new();
        for line in sql.lines().map(str::trim).filter(|line| !line.starts_with("--")) {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("CREATE"), Some("TABLE")) => table = words.next().unwrap_or_default().to_owned(),
                (Some("ALTER"), Some("TABLE")) => {
                    table = words.next().unwrap_or_default().to_owned();
                    let added = line.split_whitespace().skip_while(|word| *word != "COLUMN").nth(1);
                    columns.extend(added.map(|name| (table.clone(), name.to_owned(), line.to_owned())));
                }
                (Some(name), Some(kind))
                    if ["BLOB", "TEXT", "INTEGER", "REAL"].contains(&kind.trim_end_matches(',')) =>
                {
                    columns.push((table.clone(), name.to_owned(), line.to_owned()));
                }
                _ => {}
            }
        }
    }
    assert!(columns.len() > 60, "the migrations were read");
    columns
}

#[test]
fn no_table_or_column_has_a_banned_name() {
    for (table, column, _) in columns() {
        assert_clean("table", &table);
        assert_clean("column", &format!("{table}.{column}"));
    }
}

/// A table that names a member holds no text but these: what is shown of him in a list; and for the row's checksum what
/// its other columns say, with nothing of its own.
#[test]
fn no_table_holds_free_text_about_a_person() {
    let all = columns();
    let of_people: Vec<_> =
        all.iter().filter(|(_, column, _)| column == "member").map(|(table, ..)| table).collect();
    assert!(!of_people.is_empty());
    let shown = ["accounts.login", "accounts.password_hash", "accounts.name"];
    let summed = ["accounts.posts_said", "accounts.said", "accounts.checksum"];
    let allowed = [shown, summed].concat();
    for (table, column, line) in
        all.iter().filter(|(table, _, line)| of_people.contains(&table) && line.contains("TEXT"))
    {
        let name = format!("{table}.{column}");
        assert!(allowed.contains(&name.as_str()), "{name} is text in a table about people: {line}");
    }
}

/// The roster's fields are a closed list: whoever adds one meets this test and its reasons.
#[test]
fn a_person_has_these_fields_and_no_others() {
    let fields: Vec<_> = MemberField::ALL.iter().map(|field| field.as_str()).collect();
    assert_eq!(
        fields,
        ["name", "number", "sex", "membership", "joined_on", "confirmed_on", "group", "left_on"]
    );
    let mut about_members: Vec<_> = RecordKind::ALL
        .iter()
        .flat_map(|kind| shape_of(*kind).into_iter().map(move |slot| (kind.as_str(), slot)))
        .filter(|(_, slot)| slot.key.contains("member"))
        .map(|(kind, slot)| format!("{kind}/{}/{}: {}", slot.container, slot.key, slot.value))
        .collect();
    about_members.sort();
    let text: Vec<_> = about_members.iter().filter(|slot| slot.contains("text")).collect();
    assert_eq!(text.len(), 1, "the name is the only text that belongs to a person: {text:?}");
    assert!(text[0].contains("name"));
}

#[test]
fn no_slot_or_right_has_a_banned_name() {
    for kind in RecordKind::ALL {
        for slot in shape_of(*kind) {
            assert_clean("slot", &format!("{}.{}", slot.container, slot.key));
        }
    }
    assert!(!permissions().is_empty());
}

/// R3 and domain report 5.1: nothing in the rule book that ships asks for a photo, a place or the use of the app.
#[test]
fn the_shipped_rule_book_passes_its_own_ban() {
    let book = RuleBook::from_toml(EXAMPLE_TOML).unwrap();
    assert_eq!(book.point_rules.len(), 25);
    for banned in ["photo = \"required\"", "place = \"required\"", "check_in = \"required\""] {
        let bent = EXAMPLE_TOML.replacen("code = \"A01\"", &format!("code = \"A01\"\n{banned}"), 1);
        assert!(RuleBook::from_toml(&bent).is_err(), "{banned}");
    }
    let liked = EXAMPLE_TOML.replacen("name = \"参加支部党员大会\"", "name = \"登录学习强国点赞\"", 1);
    assert_ne!(liked, EXAMPLE_TOML);
    assert!(RuleBook::from_toml(&liked).is_err());
}

/// R3: an activity without a photo goes its whole way, and a photo says nothing but which picture it is.
#[test]
fn a_photo_is_never_asked_for_and_says_nothing_of_place_time_or_camera() {
    let branch = OrgId::from_bytes([1; 16]);
    let reference = RecordRef::activity(branch, 2026, RecordId::from_bytes([2; 16]));
    let node = Org { id: branch, parent: None, org_type: OrgType::Branch, name: "支部".into() };
    let orgs = OrgTree::new([node]);
    let scene = Scene { record: &reference, status: Status::Draft, orgs: &orgs, roster: None };
    let author = |role, device| Author {
        account: AccountId::from_bytes([3; 16]),
        device: DeviceId::from_bytes([device; 16]),
        member: None,
        posts: vec![Post { role, org: branch }],
    };
    let (mut record, mut index) = (Record::new(reference), Index::new(&reference));
    for (role, verb) in [(Role::BranchSecretary, Verb::Submitted), (Role::TownshipOfficer, Verb::Filed)] {
        let author = author(role, verb as u8);
        let stamp = Stamp { actor: Actor { device: author.device, epoch: 1 }, now: Millis(0) };
        let event = EntryId::from_bytes([verb as u8; 16]);
        let review = Command::Review { event, verb, slot: None, comment: None, reason: None };
        let change = record.execute(&review, stamp).unwrap().unwrap();
        admit(&mut index, &decode(&change.bytes).unwrap(), &author, &scene).unwrap();
    }
    assert_eq!(index.status(), Status::Filed);
    assert!(ActivityView::of(&record).attachments.is_empty());

    let hash = BlobHash([0; 32]);
    let photo =
        Attachment { photo: hash, size_bytes: 1, thumb: hash, thumb_bytes: 1, mime: PhotoFormat::Webp };
    let fields = serde_json::to_value(photo).unwrap();
    let names: Vec<_> = fields.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["mime", "photo", "size_bytes", "thumb", "thumb_bytes"]);
    let places = shape_of(RecordKind::Activity).into_iter();
    let keys: Vec<_> = places.filter(|slot| slot.container == "attachments").map(|slot| slot.key).collect();
    assert_eq!(keys, ["<entry>"], "no name, no remark, no member beside the picture");
}

/// R1, R2, R8: the console's API has no order by points, no count of logins, no forced account.
#[test]
fn the_api_offers_nothing_that_is_banned() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("server/openapi.json");
    let api: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let paths = api["paths"].as_object().unwrap();
    assert!(paths.len() > 10);
    for (path, methods) in paths {
        assert_clean("path", path);
        for method in methods.as_object().unwrap().values() {
            for parameter in method["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                assert_clean("parameter", name);
                assert!(
                    !["sort", "order", "order_by", "sort_by"].contains(&name),
                    "{path}: lists have one order"
                );
            }
        }
    }
    for (name, schema) in api["components"]["schemas"].as_object().unwrap() {
        for property in schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name) {
            assert_clean("property", &format!("{name}.{property}"));
        }
    }
}
