//! Figures of a small district: bytes of a round trip, and pushes of one branch at once.

use std::time::{Duration, Instant};

use serde_json::json;
use zhibu_domain::command::Command;
use zhibu_domain::ids::{RecordId, natural};
use zhibu_domain::org::Role;
use zhibu_domain::record::{Record, RecordRef};

use super::district::{District, member, org, post};
use super::wire_client::{WireClient, is_stored};

const AT_ONCE: u32 = 64;
const PUSHES_EACH: u32 = 60;

fn activity(name: &str) -> Record {
    Record::new(RecordRef::activity(org("branch"), 2026, RecordId(natural(&[name.as_bytes()]))))
}

fn mark(number: u32, state: &str) -> Command {
    Command::RecordAttendance(vec![(member(number), Some(state.into()))])
}

async fn phone(district: &District, number: u32) -> WireClient {
    let name = format!("党员{number}");
    let secret = district.invite(&name, Some(member(number)), &[post(Role::Member, "branch")]).await;
    WireClient::enrol(district, secret).await
}

/// Bytes up and down of a sync with nothing new, and of one that delivers a mark: bodies as they travel, headers
/// apart. A branch phone holds three collections: the district's rules, the branch's roster, its year.
pub(crate) async fn bytes() -> serde_json::Value {
    let district = District::open().await;
    let mut client = phone(&district, 1).await;
    let mut record = activity("a");
    let first = client.write(&mut record, &mark(1, "present"));
    let envelope = client.envelope(vec![first]);
    client.exchange(vec![envelope]).await;
    let nothing = client.exchange(vec![]).await;
    let second = client.write(&mut record, &mark(1, "leave_work"));
    let envelope = client.envelope(vec![second]);
    let mark = client.exchange(vec![envelope]).await;
    json!({
        "figure": "bytes",
        "nothing_new": { "up": nothing.1, "down": nothing.2 },
        "one_mark": { "up": mark.1, "down": mark.2 },
        "round_trips": 1,
    })
}

/// Envelopes of one mark each, 64 phones of one branch at once over loopback HTTP, every receipt durable (SQLite,
/// FULL); each reads in the same trip what the others wrote since.
pub(crate) async fn pushes() -> serde_json::Value {
    let district = District::open().await;
    let mut phones = Vec::new();
    for number in 0..AT_ONCE {
        phones.push((phone(&district, number).await, number));
    }
    let began = Instant::now();
    let tasks: Vec<_> = phones
        .into_iter()
        .map(|(mut client, number)| {
            tokio::spawn(async move {
                let mut record = activity(&format!("活动{number}"));
                let mut took = Vec::with_capacity(PUSHES_EACH as usize);
                for push in 0..PUSHES_EACH {
                    let state = if push % 2 == 0 { "present" } else { "leave_work" };
                    let change = client.write(&mut record, &mark(number, state));
                    let envelope = client.envelope(vec![change]);
                    let sent = Instant::now();
                    let (answer, ..) = client.exchange(vec![envelope]).await;
                    assert!(is_stored(&answer.receipts[0]));
                    took.push(sent.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.unwrap());
    }
    let seconds = began.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    let ms = |duration: Duration| (duration.as_secs_f64() * 10_000.0).round() / 10.0;
    json!({
        "figure": "pushes",
        "at_once": AT_ONCE,
        "pushes": took.len(),
        "pushes_per_s": (took.len() as f64 / seconds).round(),
        "p50_ms": ms(at(0.50)),
        "p95_ms": ms(at(0.95)),
        "p99_ms": ms(at(0.99)),
    })
}
