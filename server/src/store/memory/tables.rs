//! The tables of one district.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::{AccountId, DeviceId, InviteId, RecordId};
use zhibu_domain::org::Org;
use zhibu_domain::record::{ChangeHash, Collection, RecordRef};
use zhibu_domain::time::Millis;

use crate::store::decide::Growth;
use crate::store::pack::{Sealed, open_dictionary};
use crate::store::{
    Account, AuditRow, Device, District, FACTOR_BYTES, Invite, KeptIndex, ProjectedActivity, QuarantinedItem,
    Session, SessionHash, StoreError, StoreFigures, StoredBlob, StoredChange,
};

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) district: Option<District>,
    /// In the order in which they were first put.
    pub(super) orgs: Vec<Org>,
    pub(super) accounts: BTreeMap<AccountId, AccountRow>,
    pub(super) devices: BTreeMap<DeviceId, DeviceRow>,
    pub(super) invites: BTreeMap<InviteId, InviteRow>,
    pub(super) sessions: BTreeMap<SessionHash, Session>,
    /// Digests and arrivals.
    pub(super) envelopes: BTreeMap<(DeviceId, u64), ([u8; 32], Millis)>,
    pub(super) heads: BTreeMap<Collection, u64>,
    pub(super) records: BTreeMap<RecordId, RecordRow>,
    pub(super) log: BTreeMap<(Collection, u64), ChangeRow>,
    /// The positions of the rows of each record.
    pub(super) rows_of: BTreeMap<RecordId, BTreeSet<u64>>,
    /// The position of each row by its hash.
    pub(super) positions: BTreeMap<ChangeHash, u64>,
    pub(super) indexes: BTreeMap<RecordId, KeptIndex>,
    pub(super) dictionaries: BTreeMap<Collection, Vec<u8>>,
    pub(super) quarantine: BTreeMap<Uuid, QuarantinedItem>,
    pub(super) audit: Vec<AuditRow>,
    /// Marked records with the version at the mark.
    pub(super) dirty: BTreeMap<RecordId, u64>,
    pub(super) projected: BTreeMap<RecordId, ProjectedActivity>,
    pub(super) blobs: BTreeMap<(RecordId, BlobHash), StoredBlob>,
    pub(super) loose_blobs: BTreeMap<BlobHash, LooseBlob>,
}

#[derive(Debug, Clone)]
pub(super) struct AccountRow {
    pub(super) account: Account,
    pub(super) password_hash: Option<String>,
    pub(super) factor_secret: Option<[u8; FACTOR_BYTES]>,
    pub(super) factor_step: u64,
}

#[derive(Debug, Clone)]
pub(super) struct DeviceRow {
    pub(super) device: Device,
    pub(super) last_proof_at: Option<Millis>,
}

#[derive(Debug, Clone)]
pub(super) struct InviteRow {
    pub(super) invite: Invite,
    pub(super) secret_hash: [u8; 32],
}

#[derive(Debug, Clone, Copy)]
pub(super) struct RecordRow {
    pub(super) reference: RecordRef,
    pub(super) growth: Growth,
    pub(super) packed: u64,
}

#[derive(Debug, Clone)]
pub(super) struct ChangeRow {
    pub(super) record: RecordRef,
    /// How many changes a pack holds; none for a single change.
    pub(super) holds: Option<u64>,
    pub(super) hash: ChangeHash,
    pub(super) bytes: Vec<u8>,
    pub(super) author: DeviceId,
    pub(super) received_at: Millis,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct LooseBlob {
    pub(super) since: Millis,
    pub(super) claimed_at: Option<Millis>,
}

impl Tables {
    pub(super) fn dictionary(&self, collection: Collection) -> Result<Option<Vec<u8>>, StoreError> {
        self.dictionaries.get(&collection).map(|sealed| open_dictionary(sealed)).transpose()
    }

    /// All changes of a record, those of its pack too, and how many lie in the pack.
    pub(super) fn changes_of(&self, record: &RecordRow) -> Result<(Vec<StoredChange>, usize), StoreError> {
        let (reference, collection) = (record.reference, record.reference.collection());
        let (mut changes, mut packed) = (Vec::new(), 0);
        for position in self.rows_of.get(&reference.id()).into_iter().flatten() {
            let Some(row) = self.log.get(&(collection, *position)) else { continue };
            let Some(holds) = row.holds else {
                let ChangeRow { hash, ref bytes, author, received_at, .. } = *row;
                let (position, bytes) = (*position, bytes.clone());
                changes.push(StoredChange { position, hash, bytes, author, received_at });
                continue;
            };
            let dictionary = self.dictionary(collection)?;
            let sealed =
                Sealed { position: *position, holds: holds as i64, hash: row.hash, bytes: &row.bytes };
            let opened = sealed.open(&reference, dictionary.as_deref())?;
            packed += opened.len();
            changes.extend(opened);
        }
        if record.growth.version != changes.len() as u64 {
            let row =
                format!("{}: version {}, {} changes", reference.id(), record.growth.version, changes.len());
            return Err(StoreError::Corrupt { table: "records", row });
        }
        Ok((changes, packed))
    }

    pub(super) fn add_figures(&self, figures: &mut StoreFigures) {
        let marked = self.dirty.keys().filter_map(|record| {
            let row = self.records.get(record)?;
            let last = self.rows_of.get(record)?.last()?;
            Some(self.log.get(&(row.reference.collection(), *last))?.received_at)
        });
        figures.oldest_mark_at = figures.oldest_mark_at.into_iter().chain(marked).min();
        figures.database_bytes += self.log.values().map(|row| row.bytes.len() as u64).sum::<u64>();
        figures.marked_records += self.dirty.len() as u64;
        figures.quarantined +=
            self.quarantine.values().filter(|item| item.resolution.is_none()).count() as u64;
        let phones = self.devices.values().map(|row| &row.device);
        let speaks = |device: &&Device| !device.is_console && device.revoked_at.is_none();
        figures.devices += phones.filter(speaks).count() as u64;
        figures.sessions += self.sessions.len() as u64;
        figures.blobs += self.blobs.len() as u64;
        figures.blob_bytes += self.blobs.values().map(|blob| u64::from(blob.size_bytes)).sum::<u64>();
    }
}
