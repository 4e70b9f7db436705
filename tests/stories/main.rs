//! The story of one evening, with real processes: the server and each phone as their users start them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop here")]

#[path = "../support/databases.rs"]
pub mod databases;
#[path = "../support/mod.rs"]
pub mod support;

#[path = "../support/picture.rs"]
pub mod picture;

mod carrying;
mod evening;
mod kills;
mod outside;
mod photos;
mod points;
mod refusals;

use serde_json::Value;
use support::{Phone, Server};

/// The planned activity of November, as a phone lists it: its id.
fn planned(phone: &Phone) -> String {
    let list = phone.run(&["list"]);
    let planned = list.as_array().unwrap().iter().find(|activity| activity["status"] == "planned");
    planned.expect("a planned activity")["id"].as_str().unwrap().to_owned()
}

/// `1=present,2=present,...`
fn marks(numbers: impl IntoIterator<Item = u32>, state: &str) -> String {
    numbers.into_iter().map(|number| format!("{number}={state}")).collect::<Vec<_>>().join(",")
}

/// The state of each member by roster number, where there is a mark.
fn roll_of(activity: &Value) -> Vec<(u64, String)> {
    let roll = activity["roll"].as_array().unwrap().iter();
    roll.filter_map(|line| Some((line["number"].as_u64().unwrap(), line["state"].as_str()?.to_owned())))
        .collect()
}

/// Secretary and recorder of the story's branch, enrolled and synced.
fn two_phones(server: &Server) -> (Phone, Phone) {
    let secretary = Phone::enrolled("书记的手机", &server.invite("secretary"));
    let recorder = Phone::enrolled("记录人的手机", &server.invite("recorder"));
    (secretary, recorder)
}
