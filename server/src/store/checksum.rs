//! Checksums of rows that each commit writes, so that a bit that a disk turned is seen before the row is served. In other
//! tables the database keeps them itself; `migrations/sqlite/0008_checksums.sql` tells of both.
//!
//! No signatures: whoever can write rows can sum them up.

use std::fmt::Display;

use zhibu_domain::ids::{DeviceId, RecordId};
use zhibu_domain::org::Post;
use zhibu_domain::record::{ChangeHash, Collection};
use zhibu_domain::time::Millis;

use super::{ProjectedActivity, StoreError};
use crate::metrics::tally;

/// FNV-1a of 64 bits. Each step maps one state to one state, so a single byte that differs is always seen; a row of 100
/// bytes takes a tenth of a microsecond.
fn checksum<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> i64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x100_0000_01b3;
    let bytes = parts.into_iter().flatten();
    bytes.fold(START, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(PRIME)).cast_signed()
}

/// What a row of the log says of what it holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) collection: Collection,
    pub(super) position: u64,
    pub(super) record: RecordId,
    pub(super) hash: ChangeHash,
    pub(super) device: DeviceId,
    pub(super) received_at: Millis,
}

impl Place {
    /// The place of a change that is appended.
    pub(super) fn of_change(appended: &super::decide::Appended<'_>) -> Self {
        let super::decide::Appended { delivery, verdict, position } = *appended;
        let (record, hash) = (verdict.record, verdict.hash);
        let (device, received_at) = (delivery.author, delivery.received_at);
        Self { collection: record.collection(), position, record: record.id(), hash, device, received_at }
    }

    /// The place of a pack.
    pub(super) fn of_pack(pack: &super::SealedPack) -> Self {
        let super::SealedPack { record, position, hash, author, received_at, .. } = *pack;
        Self {
            collection: record.collection(),
            position,
            record: record.id(),
            hash,
            device: author,
            received_at,
        }
    }

    /// Whether the row is what was written, as far as its checksum tells: those of before have none.
    pub(super) fn check(&self, checksum: Option<i64>) -> Result<(), StoreError> {
        match checksum {
            Some(checksum) if checksum != self.checksum() => {
                Err(broken("changes", format_args!("{} at {}", self.record, self.position)))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn checksum(&self) -> i64 {
        let Self { collection, position, record, hash, device, received_at } = self;
        let (year, position, at) =
            (collection.year.to_be_bytes(), position.to_be_bytes(), received_at.0.to_be_bytes());
        checksum([
            &collection.org.bytes()[..],
            &year,
            &position,
            record.bytes(),
            &hash.0,
            device.bytes(),
            &at,
        ])
    }
}

/// The checksum of a row of the lists.
pub(super) fn checksum_of_activity(activity: &ProjectedActivity) -> i64 {
    let ProjectedActivity { record, org, year, title, kinds, planned_at, held_from, status, facts, .. } =
        activity;
    let number = |number: Option<i64>| number.map_or(Vec::new(), |number| number.to_be_bytes().to_vec());
    let counts = [activity.present, activity.should_attend, activity.cards, activity.late.into()];
    let votes =
        [activity.without_quorum, activity.vote_faults, activity.at_exactly_half, activity.urgency().into()];
    let counts = [counts, votes].concat().iter().flat_map(|count| count.to_be_bytes()).collect::<Vec<u8>>();
    let times =
        [*planned_at, *held_from, Some(activity.sort_at())].map(|at| number(at.map(|at| at.0))).concat();
    let (year, title, kinds) = (
        year.to_be_bytes(),
        title.as_deref().map(|title| title.replace('\0', "\u{fffd}")).unwrap_or_default(),
        kinds.join(","),
    );
    // Postgres holds no character 0.
    let words = [title.as_str(), kinds.as_str(), status.as_str()].map(str::as_bytes);
    checksum([&record.bytes()[..], org.bytes(), &year, &counts, &times, facts].into_iter().chain(words))
}

/// The checksum of an envelope's number.
pub(super) fn checksum_of_envelope(device: DeviceId, counter: u64, digest: &[u8; 32]) -> i64 {
    checksum([&device.bytes()[..], &counter.to_be_bytes(), digest])
}

/// Whether an envelope's number stands for what was written; those of before have no checksum.
pub(super) fn check_envelope(
    device: DeviceId,
    counter: u64,
    digest: &[u8; 32],
    checksum: Option<i64>,
) -> Result<(), StoreError> {
    match checksum {
        Some(checksum) if checksum != checksum_of_envelope(device, counter, digest) => {
            Err(broken("envelopes", format_args!("{device} {counter}")))
        }
        _ => Ok(()),
    }
}

/// Posts as one text, in one order: an account says which it has, so that a missing one is seen.
pub(super) fn said_of(posts: &[Post]) -> String {
    let hex = |post: &Post| data_encoding::HEXLOWER.encode(post.org.bytes());
    let mut said: Vec<_> = posts.iter().map(|post| format!("{} {}", post.role.as_str(), hex(post))).collect();
    said.sort_unstable();
    said.dedup();
    said.join(" ")
}

/// The word for a row that is not what was written.
pub(super) fn broken(table: &'static str, row: impl Display) -> StoreError {
    StoreError::Corrupt { table, row: format!("{row}: is not what was written") }
}

/// Says that something is left out because its row is not what was written: the rest goes on.
pub(super) fn left_out(error: &StoreError) {
    tracing::error!(error = error as &dyn std::error::Error, "a damaged row is left out");
    tally::damaged();
}
