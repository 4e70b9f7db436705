//! What phones bring back to a server that was restored from a backup.

use std::collections::BTreeSet;

use zhibu_domain::gate;
use zhibu_domain::ids::AccountId;
use zhibu_domain::record::{ChangeHash, change_hash};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{
    AuthorCard, MAX_BODY_BYTES, MAX_RECOVERED_CHANGES, Receipt, Recovery, Refusal, SentChange, Voucher,
};

use super::prepare::Carrier;
use crate::App;
use crate::auth::DeviceCaller;
use crate::error::ApiError;
use crate::store::NewAccount;

/// Behind the name of somebody whom only a phone remembers.
const REPORTED: &str = "（手机补报）";
const MAX_NAME_CHARACTERS: usize = 40;

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// One for each change, in their order.
    pub receipts: Vec<Receipt>,
    /// The names of those that are stored, in the order of the receipts.
    pub stored: Vec<ChangeHash>,
}

/// Takes back what this server vouched for, whoever brings it. What nobody vouches for is refused, and kept nowhere: its
/// author delivers it in an envelope.
///
/// A voucher of the present generation for a change that is missing says that somebody put an old store in the place of
/// this one: then the generation is renewed, so that every phone brings what it holds.
pub async fn recover(app: &App, caller: &DeviceCaller, recovery: Recovery) -> Result<Recovered, ApiError> {
    let mut vouched = BTreeSet::new();
    let mut vouched_now = BTreeSet::new();
    for voucher in &recovery.vouchers {
        if app.keyring.is_ours(&*app.store, caller.district, voucher).await? {
            let is_present = voucher.generation == caller.generation;
            let names = if is_present { &mut vouched_now } else { &mut vouched };
            names.extend(voucher.changes());
        }
    }
    let name_of = |sent: &SentChange| change_hash(&sent.change);
    let is_vouched = |hash: ChangeHash| vouched.contains(&hash) || vouched_now.contains(&hash);
    let names: Vec<_> = recovery.changes.iter().map(name_of).collect();
    let vouched_for = recovery.changes.into_iter().zip(&names);
    let taken = vouched_for.filter(|(_, name)| name.is_some_and(is_vouched)).map(|(sent, _)| sent);
    let carrier = Carrier { district: caller.district, device: caller.device.id };
    let taken: Vec<_> = taken.collect();
    remember_authors(app, caller, &taken, &recovery.authors).await?;
    let mut taken = app.ledger.take_back(carrier, taken).await?.into_iter();
    let mut recovered = Recovered::default();
    let mut has_gone_back = false;
    for name in names {
        let receipt = match name.filter(|name| is_vouched(*name)).and_then(|_| taken.next()) {
            Some(receipt) => receipt,
            None => Receipt::Refused(Refusal::new(RefusalCode::WrongSignature, "nobody vouches for it")),
        };
        if let (Some(name), Receipt::Stored(_) | Receipt::Duplicate(_)) = (name, &receipt) {
            has_gone_back |= vouched_now.contains(&name) && matches!(receipt, Receipt::Stored(_));
            recovered.stored.push(name);
        }
        recovered.receipts.push(receipt);
    }
    let count = recovered.receipts.iter().filter(|receipt| matches!(receipt, Receipt::Stored(_))).count();
    tracing::warn!(device = %caller.device.id, changes = count, "took back what a backup had lost");
    if has_gone_back {
        tracing::error!(
            "an old store was put in the place of a newer one; it is another generation from now on"
        );
        crate::admin::generation::renew(&*app.store, &*app.entropy, caller.district, app.clock.now()).await?;
    }
    Ok(recovered)
}

/// Devices that enrolled after the backup are known to no table. What they wrote is somebody's all the same: each gets an
/// account that can do nothing, under the name that a phone gives, marked as that.
async fn remember_authors(
    app: &App,
    caller: &DeviceCaller,
    taken: &[SentChange],
    cards: &[AuthorCard],
) -> Result<(), ApiError> {
    let (district, now) = (caller.district, app.clock.now());
    let mut known = BTreeSet::new();
    for sent in taken {
        let actor = gate::decode(&sent.change).ok().and_then(|change| change.actor());
        let Some(device) = actor.map(|actor| actor.device).filter(|device| known.insert(*device)) else {
            continue;
        };
        if app.store.find_device(district, device).await?.is_some() {
            continue;
        }
        let card = cards.iter().find(|card| card.device == device);
        let name: String = card.map_or("", |card| &card.name).chars().take(MAX_NAME_CHARACTERS).collect();
        let account = NewAccount {
            id: AccountId(device.0),
            login: None,
            password_hash: None,
            name: format!("{name}{REPORTED}"),
            member: None,
            org: district.into(),
            posts: Vec::new(),
            created_at: now,
        };
        app.store.create_account(district, &account).await?;
        app.store.ensure_console_device(district, account.id, device, now).await?;
    }
    Ok(())
}

/// Whether a request brings no more than one may.
pub fn is_too_large(recovery: &Recovery) -> bool {
    let names = |voucher: &Voucher| {
        voucher.names.len() + voucher.packs.iter().map(|pack| pack.0.len()).sum::<usize>()
    };
    recovery.changes.len() > MAX_RECOVERED_CHANGES
        || recovery.vouchers.iter().map(names).sum::<usize>() > MAX_BODY_BYTES
}
