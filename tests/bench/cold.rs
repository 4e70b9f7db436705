//! A new phone of a branch with a past: from the invite to the moment when it can be used.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use aws_lc_rs::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zhibu_domain::ids::{InviteId, natural};
use zhibu_domain::record::RecordRef;
use zhibu_domain::view::{ActivityView, RosterView};
use zhibu_server::clock::{Clock as _, SystemClock};
use zhibu_server::store::NewInvite;
use zhibu_sync_client::client::Client;
use zhibu_sync_client::invite::Invite;
use zhibu_sync_client::platform::RealSurroundings;
use zhibu_sync_client::store::memory::MemoryStore;

use super::ground::Ground;
use super::line::{Observed, Watched};
use super::past::Past;
use super::past::people::{Person, PersonKey, branch, district};
use super::relay::{Passed, relay};
use super::serving::Serving;

/// Members of the branch.
const MEMBERS: u32 = 30;
const HOUR_MS: i64 = 3_600_000;

/// Enrols the secretary's new phone in a branch of so many months, and syncs.
pub(crate) async fn cold(months: u32) -> Value {
    let past = Past { branches: 1, phones: MEMBERS, months };
    let ground = Ground::lay_out(&past, None).await;
    let today = ground.today;
    let secret = invite(&ground).await;
    let serving = Serving::start(&ground, 1).await;
    let passed = Arc::new(Passed::default());
    let url = relay(&serving.url, passed.clone());
    let observed = Arc::new(Observed::default());
    let transport = Watched::to(std::slice::from_ref(&url), 0, observed.clone());
    let key = PersonKey::fresh(Ed25519KeyPair::generate().unwrap());
    let client = Client::new(MemoryStore::default(), transport, key, Arc::new(RealSurroundings));

    let began = Instant::now();
    client.enrol(&Invite { server: url, secret: secret.to_vec() }, "新手机").await.unwrap();
    let enrolled = began.elapsed();
    let report = client.sync().await.unwrap();
    // It can be used: the roll of tonight's activity can be called.
    let roster = client.open(&RecordRef::roster(branch(0))).await.unwrap();
    assert_eq!(RosterView::of(&roster).members.len(), MEMBERS as usize);
    let tonight = client.open(&past.tonight(0, today)).await.unwrap();
    assert!(!ActivityView::of(&tonight).about.is_empty());
    let usable = began.elapsed();

    let load = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    let figures = json!({
        "figure": "cold",
        "months": months,
        "members": MEMBERS,
        "records": client.records().await.unwrap().len(),
        "changes": report.received,
        "bytes_up": load(&passed.up),
        "bytes_down": load(&passed.down),
        "body_up_sync": load(&observed.up),
        "body_down_sync": load(&observed.down),
        "round_trips": load(&observed.requests),
        "sync_round_trips": report.round_trips,
        "enrol_ms": enrolled.as_millis(),
        "usable_ms": usable.as_millis(),
    });
    serving.stop();
    figures
}

/// The secretary's township gives her an invite for one more phone.
async fn invite(ground: &Ground) -> [u8; 32] {
    let store = ground.database().open().await.unwrap();
    let secret: [u8; 32] = Sha256::digest(b"a new phone").into();
    let now = SystemClock.now();
    let invite = NewInvite {
        id: InviteId(natural(&[b"storm-new-phone"])),
        secret_hash: Sha256::digest(secret).into(),
        account: Person::secretary(0).account(),
        purpose: "新手机".to_owned(),
        created_by: None,
        created_at: now,
        expires_at: now.plus(HOUR_MS),
    };
    assert!(store.create_invite(district(), &invite).await.unwrap());
    store.close().await;
    secret
}
