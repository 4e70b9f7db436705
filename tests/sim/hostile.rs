//! Hands that do not play by the rules: forged authors, bent signatures, used numbers, other people's changes, garbage.

use zhibu_domain::command::{AboutField, Command};
use zhibu_domain::ids::DeviceId;
use zhibu_domain::record::{Actor, ChangeHash, Record, RecordKind, RecordRef, Stamp, change_hash};
use zhibu_domain::wire::{Envelope, EnvelopeBody, PROTOCOL, SentChange};
use zhibu_sync_client::store::LocalStore as _;

use super::chance::Chance;
use super::people::{SimKey, district};
use super::phone::Phone;

/// An envelope that must not count, and the changes in it that nobody may ever see.
pub(crate) struct Forgery {
    pub(crate) what: &'static str,
    pub(crate) envelope: Vec<u8>,
    pub(crate) evil: Vec<ChangeHash>,
}

/// Somebody takes a phone's key and records, and writes what his own client would not.
pub(crate) async fn forge(villain: &Phone, victim: &Phone, chance: &Chance) -> Option<Forgery> {
    let state = villain.disk.state().await.ok()??;
    let other = victim.disk.state().await.ok()??.device;
    if other == state.device {
        return None;
    }
    let mut records = villain.client.records().await.ok()?;
    records.retain(|record| record.kind == RecordKind::Activity);
    let record = *chance.pick_some(&records)?;
    let (what, body_of, writes_as, key): (_, DeviceId, DeviceId, &str) = match chance.below(7) {
        0 => ("another's name", other, other, &villain.name),
        1 => ("another's actor", state.device, other, &villain.name),
        2 => ("a bent signature", state.device, state.device, &villain.name),
        3 => ("a stranger's device", DeviceId::from_bytes(chance.bytes()), state.device, &villain.name),
        4 => ("a bent change", state.device, state.device, &villain.name),
        5 => ("a used number", state.device, state.device, &villain.name),
        _ => ("garbage", state.device, state.device, &villain.name),
    };
    let mut change = evil_change(villain, record, Actor { device: writes_as, epoch: 900 }).await?;
    if what == "a bent change" {
        let at = chance.below(change.len());
        change[at] ^= 1 << chance.below(8);
    }
    // Far away from what the honest phone will count, but where a used number is the point.
    let counter = match what {
        "a used number" if state.last_counter == 0 || !villain.disk.envelopes().await.ok()?.is_empty() => {
            return None;
        }
        "a used number" => state.last_counter,
        _ => 1_000_000 + chance.below(1_000_000) as u64,
    };
    let evil = change_hash(&change).into_iter().collect();
    let body = EnvelopeBody {
        protocol: PROTOCOL,
        district: district(),
        device: body_of,
        counter,
        closed_at: villain.client.now(),
        changes: vec![SentChange { record, change }],
    };
    let mut body = minicbor::to_vec(&body).unwrap();
    let mut signature = SimKey::of(key).sign_now(&Envelope::signed_bytes(&body));
    match what {
        "a bent signature" => signature[chance.below(64)] ^= 1,
        "garbage" => {
            let at = chance.below(body.len());
            body[at] ^= 1 << chance.below(8);
        }
        _ => {}
    }
    let envelope = minicbor::to_vec(Envelope { body, signature }).unwrap();
    Some(Forgery { what, envelope, evil })
}

async fn evil_change(villain: &Phone, record: RecordRef, actor: Actor) -> Option<Vec<u8>> {
    let mut opened = Record::clone(&*villain.client.open(&record).await.ok()?);
    let command = Command::SetAbout(vec![(AboutField::Theme, Some("假的".into()))]);
    Some(opened.execute(&command, Stamp { actor, now: villain.client.now() }).ok()??.bytes)
}
