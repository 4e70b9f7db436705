//! Bits that a disk turned: found before they are served, named, and no trouble to anything beside them.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::support::{Phone, Server};
use crate::{all_is_delivered, planned, run, server};

/// Every column of the server's database that `verify --deep` must find turned, with a condition for the row.
const GUARDED: [(&str, &str, &str); 15] = [
    ("changes", "bytes", "holds IS NULL"),
    ("changes", "hash", "holds IS NULL"),
    ("changes", "record_id", "holds IS NULL"),
    ("changes", "bytes", "holds IS NOT NULL"),
    ("changes", "hash", "holds IS NOT NULL"),
    ("dictionaries", "bytes", "true"),
    ("audit", "hash", "true"),
    ("audit", "detail", "seq = 1"),
    ("projected_activities", "facts", "true"),
    ("accounts", "name", "true"),
    ("posts", "org", "true"),
    ("orgs", "name", "true"),
    ("devices", "public_key", "true"),
    ("invites", "purpose", "true"),
    ("districts", "token_secret", "true"),
];
/// Numbers among them: another number is as bad as another bit.
const COUNTED: [(&str, &str); 5] = [
    ("changes", "position"),
    ("collections", "head"),
    ("records", "version"),
    ("records", "size_bytes"),
    ("audit", "at"),
];

pub(crate) async fn open(server: &Server) -> SqliteConnection {
    let file = server.folder().join("zhibu.sqlite");
    SqliteConnectOptions::new().filename(file).foreign_keys(false).connect().await.unwrap()
}

pub(crate) async fn execute(database: &mut SqliteConnection, statement: String) -> u64 {
    use sqlx::SqlSafeStr as _;
    let statement = sqlx::AssertSqlSafe(statement).into_sql_str();
    sqlx::raw_sql(statement).execute(database).await.unwrap().rows_affected()
}

/// Turns one bit in the middle of one value.
async fn turn(database: &mut SqliteConnection, table: &str, column: &str, which: &str) {
    // In hex, since that is what SQLite can cut: the digit in the middle becomes another one.
    let (hex, half) =
        (format!("hex(CAST({column} AS BLOB))"), format!("(length(hex(CAST({column} AS BLOB))) / 2)"));
    let digit = format!("substr('1032547698BADCFE', instr('0123456789ABCDEF', substr({hex}, {half}, 1)), 1)");
    let turned = format!("unhex(substr({hex}, 1, {half} - 1) || {digit} || substr({hex}, {half} + 1))");
    let is_text = ["detail", "name", "purpose"].contains(&column);
    let cast = if is_text { format!("CAST({turned} AS TEXT)") } else { turned };
    let row = format!("SELECT {column} FROM {table} WHERE {which} AND length({column}) > 0 LIMIT 1");
    let statement = format!("UPDATE {table} SET {column} = {cast} WHERE {which} AND {column} IS ({row})");
    // A disk does not tell the database, which would sum up the row anew.
    execute(database, format!("DROP TRIGGER IF EXISTS {table}_changed")).await;
    assert!(execute(database, statement).await > 0, "{table}.{column} where {which}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turned_bit_in_what_counts_is_found() {
    let mut server = server();
    // Much of it packed, something not.
    server.stop();
    server.admin(&["compact", "--after-days", "0"]);
    server.start();
    let phone = Phone::enrolled("书记的手机", &server.invite("secretary"));
    phone.run(&["set", &planned(&phone), "place", "村部会议室"]);
    phone.run(&["sync"]);
    server.stop();
    let folder = server.folder().to_owned();
    let file = folder.join("zhibu.sqlite");
    let whole = std::fs::read(&file).unwrap();
    let mut missed = Vec::new();
    let mut find = |table: &'static str, column: &'static str| {
        let (ok, said) = run(&["verify", "--deep", "--data"], &folder);
        if ok || !(said.contains("发现") || said.contains(table)) {
            missed.push((table, column, said));
        }
        for suffix in ["-wal", "-shm"] {
            std::fs::remove_file(folder.join(format!("zhibu.sqlite{suffix}"))).ok();
        }
        std::fs::write(&file, &whole).unwrap();
    };
    for (table, column, which) in GUARDED {
        let mut database = open(&server).await;
        turn(&mut database, table, column, which).await;
        database.close().await.unwrap();
        find(table, column);
    }
    for (table, column) in COUNTED {
        let mut database = open(&server).await;
        let row = format!("SELECT max(rowid) FROM (SELECT {column} AS rowid FROM {table})");
        let statement = format!("UPDATE {table} SET {column} = {column} + 1000 WHERE {column} = ({row})");
        assert!(execute(&mut database, statement).await > 0);
        database.close().await.unwrap();
        find(table, column);
    }
    assert!(missed.is_empty(), "turned and not found: {missed:?}");
    let (ok, said) = run(&["verify", "--deep", "--data"], &folder);
    assert!(ok, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_record_is_named_and_holds_up_no_other() {
    let mut server = server();
    let phone = Phone::enrolled("书记的手机", &server.invite("secretary"));
    let activity = planned(&phone);
    phone.run(&["set", &activity, "place", "村部会议室"]);
    phone.run(&["sync"]);
    server.stop();
    let mut database = open(&server).await;
    let id = activity.replace('-', "");
    let last = format!("position = (SELECT max(position) FROM changes WHERE record_id = x'{id}')");
    turn(&mut database, "changes", "bytes", &format!("record_id = x'{id}' AND {last}")).await;
    // What the gate remembers would let it judge on without the log.
    execute(&mut database, "DELETE FROM record_indexes".to_owned()).await;
    database.close().await.unwrap();
    server.start();

    // Another phone reads everything but that.
    let recorder = Phone::enrolled("记录人的手机", &server.invite("recorder"));
    assert!(recorder.run(&["list"]).as_array().unwrap().len() > 3);
    assert!(server.log().contains("a row of the log is damaged"));
    assert!(server.log().contains(&activity), "by its name");
    let other = recorder.run(&[
        "new-activity",
        "--kinds",
        "committee_meeting",
        "--title",
        "支委会",
        "--at",
        "2026-11-18T19:00",
    ]);
    let report = recorder.run(&["sync"]);
    assert!(report["stored"].as_u64().unwrap() > 0 && report["refused"] == 0, "{report}");
    assert!(other["record"].is_string());
    // What comes for the damaged one is kept apart, with its reason, and the rest goes through.
    phone.run(&["set", &activity, "theme", "学习党章"]);
    phone.run(&["sync"]);
    assert_eq!(phone.run(&["refused"])[0]["code"], "missing_dependency");
    let (ok, said) = run(&["verify", "--data"], server.folder());
    assert!(!ok && said.contains(&activity), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_account_is_named_and_holds_up_nobody_else() {
    let mut server = server();
    let secretary = Phone::enrolled("书记的手机", &server.invite("secretary"));
    let recorder = Phone::enrolled("记录人的手机", &server.invite("recorder"));
    let activity = planned(&secretary);
    secretary.run(&["set", &activity, "place", "村部会议室"]);
    secretary.run(&["sync"]);
    server.stop();
    let mut database = open(&server).await;
    let own = "account = (SELECT account FROM devices WHERE name = '书记的手机')";
    turn(&mut database, "accounts", "name", own).await;
    database.close().await.unwrap();
    server.start();
    assert!(!secretary.try_run(&["sync"]).ok, "nobody speaks under a name that is not his");
    assert!(server.log().contains("is not what was written"), "it is told");
    // Whoever reads what he wrote gets it, without a name rather than under a wrong one.
    recorder.run(&["sync"]);
    assert_eq!(recorder.run(&["show", &activity])["about"]["place"], "村部会议室");
    assert!(server.log().contains("a damaged row is left out"));
    let (ok, said) = run(&["verify", "--deep", "--data"], server.folder());
    assert!(!ok && said.contains("accounts 表的一行与写入时不符"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_reads_again_what_its_disk_has_damaged_and_keeps_what_waits() {
    let server = server();
    let phone = Phone::enrolled("书记的手机", &server.invite("secretary"));
    let activity = planned(&phone);
    let before = phone.run(&["show", &activity]);
    phone.run(&["set", &activity, "place", "村部会议室"]);
    let file = phone.folder().join("phone.sqlite");
    let mut database = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
    let id = activity.replace('-', "");
    turn(&mut database, "accepted", "row", &format!("record = x'{id}'")).await;
    database.close().await.unwrap();
    let said = phone.try_run(&["show", &activity]);
    assert!(!said.ok, "a damaged row is never shown: {}", said.json);
    phone.run(&["rebuild", "--all"]);
    let after = phone.run(&["show", &activity]);
    assert_eq!(after["about"]["place"], "村部会议室");
    assert_eq!(after["about"]["title"], before["about"]["title"]);
    assert_eq!(phone.run(&["status"])["pending"], 1);
    phone.run(&["sync"]);
    all_is_delivered(&phone);
    phone.run(&["rebuild", &activity]);
    assert_eq!(phone.run(&["show", &activity])["about"]["place"], "村部会议室");
}
