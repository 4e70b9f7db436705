//! The command line before there is anything: what it says, and how a program reads it.
#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that this whole crate is one"
)]

use std::process::{Command, Output};

fn zhibu(data: &std::path::Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zhibu")).arg("--data").arg(data).args(arguments).output().unwrap()
}

#[test]
fn a_phone_that_is_not_enrolled_says_what_to_do_and_leaves_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("phone");
    let said = zhibu(&data, &["status"]);
    assert!(!said.status.success());
    assert!(String::from_utf8(said.stderr).unwrap().contains("邀请链接"));
    let said = zhibu(&data, &["--json", "sync"]);
    let json: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(json["error"]["name"], "not_enrolled");
    assert_eq!(json["error"]["retryable"], false);
    assert!(!data.exists());
}

#[test]
fn a_wrong_link_is_told_from_a_server_that_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let said = zhibu(folder.path(), &["--json", "enrol", "http://127.0.0.1:1/enrol#short", "--name", "手机"]);
    let json: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(json["error"]["name"], "usage");
    let link = format!("http://127.0.0.1:1/enrol#{}", "A".repeat(43));
    let said = zhibu(folder.path(), &["--json", "enrol", &link, "--name", "手机"]);
    let json: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!((&json["error"]["name"], &json["error"]["retryable"]), (&"offline".into(), &true.into()));
}

#[test]
fn every_command_of_the_story_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let said = zhibu(folder.path(), &["--help"]);
    let help = String::from_utf8(said.stdout).unwrap();
    for command in [
        "enrol",
        "sync",
        "status",
        "list",
        "show",
        "new-activity",
        "roll",
        "minutes",
        "set",
        "submit",
        "claim",
        "verify",
        "approve",
        "resolve",
        "refused",
        "return",
        "file",
        "points",
    ] {
        assert!(help.lines().any(|line| line.split_whitespace().next() == Some(command)), "{command}");
    }
}
