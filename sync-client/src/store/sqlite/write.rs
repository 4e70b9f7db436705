//! The writes of an act, each as its statements.

use minicbor::Encode;
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::RecordId;
use zhibu_domain::record::{Collection, RecordRef};
use zhibu_domain::wire::{AuthorCard, ReadMark};

use super::{Tx, row};
use crate::store::{
    AcceptedChange, CarriedEnvelope, ClosedEnvelope, KeptBlob, PendingChange, RefusedChange, StoreError,
    Write,
};

/// Puts what one write says, within the act that it belongs to.
pub(super) async fn one(tx: &mut Tx<'_>, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::State(state) => put_single(tx, "UPDATE phone SET state = ?", state).await,
        Write::Profile(profile) => put_single(tx, "UPDATE phone SET profile = ?", profile).await,
        Write::Author(card) => put_author(tx, card).await,
        Write::Pending(change) => put_pending(tx, change).await,
        Write::DropPending(number) => drop_at(tx, "DELETE FROM pending WHERE number = ?", *number).await,
        Write::Accept(change) => accept(tx, change).await,
        Write::Mark(mark) => put_mark(tx, mark).await,
        Write::Envelope(envelope) => put_envelope(tx, envelope).await,
        Write::DropEnvelope(counter) => {
            drop_at(tx, "DELETE FROM envelopes WHERE counter = ?", *counter).await
        }
        Write::Refuse(change) => put_refused(tx, change).await,
        Write::DropRefused(number) => drop_at(tx, "DELETE FROM refused WHERE number = ?", *number).await,
        Write::Carry(envelope) => put_carried(tx, envelope).await,
        Write::Blob(blob) => put_blob(tx, blob).await,
        Write::BlobBytes(record, hash, bytes) => put_blob_bytes(tx, *record, *hash, bytes).await,
        Write::DropBlob(record, hash) => drop_blob(tx, *record, *hash).await,
        Write::Voucher(voucher) => put_single(tx, "INSERT INTO vouchers (row) VALUES (?)", voucher).await,
        Write::Forget(collection) => forget(tx, *collection).await,
    }
}

async fn put_single<T: Encode<()>>(tx: &mut Tx<'_>, sql: &'static str, value: &T) -> Result<(), StoreError> {
    sqlx::query(sql).bind(row(value)?).execute(&mut **tx).await?;
    Ok(())
}

async fn drop_at(tx: &mut Tx<'_>, sql: &'static str, key: u64) -> Result<(), StoreError> {
    sqlx::query(sql).bind(key as i64).execute(&mut **tx).await?;
    Ok(())
}

async fn put_author(tx: &mut Tx<'_>, card: &AuthorCard) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO authors (device, row) VALUES (?1, ?2) ON CONFLICT (device) DO UPDATE SET row = ?2",
    )
    .bind(&card.device.bytes()[..])
    .bind(row(card)?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn put_record(tx: &mut Tx<'_>, record: &RecordRef) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO records (record, org, year, row) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(&record.id().bytes()[..])
        .bind(&record.org.bytes()[..])
        .bind(i64::from(record.year))
        .bind(row(record)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn put_pending(tx: &mut Tx<'_>, change: &PendingChange) -> Result<(), StoreError> {
    put_record(tx, &change.record).await?;
    sqlx::query("INSERT OR REPLACE INTO pending (number, record, hash, row) VALUES (?, ?, ?, ?)")
        .bind(change.number as i64)
        .bind(&change.record.id().bytes()[..])
        .bind(&change.hash.0[..])
        .bind(row(change)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn accept(tx: &mut Tx<'_>, change: &AcceptedChange) -> Result<(), StoreError> {
    put_record(tx, &change.record).await?;
    sqlx::query(
        "INSERT INTO accepted (record, org, year, hash, row) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (hash) DO NOTHING",
    )
    .bind(&change.record.id().bytes()[..])
    .bind(&change.record.org.bytes()[..])
    .bind(i64::from(change.record.year))
    .bind(&change.hash.0[..])
    .bind(row(change)?)
    .execute(&mut **tx)
    .await?;
    for sql in ["DELETE FROM pending WHERE hash = ?", "DELETE FROM refused WHERE hash = ?"] {
        sqlx::query(sql).bind(&change.hash.0[..]).execute(&mut **tx).await?;
    }
    Ok(())
}

async fn put_mark(tx: &mut Tx<'_>, mark: &ReadMark) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO marks (org, year, position, name) VALUES (?, ?, ?, ?)")
        .bind(&mark.collection.org.bytes()[..])
        .bind(i64::from(mark.collection.year))
        .bind(mark.position as i64)
        .bind(mark.name.map(|name| name.to_vec()))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn put_envelope(tx: &mut Tx<'_>, envelope: &ClosedEnvelope) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO envelopes (counter, row) VALUES (?, ?)")
        .bind(envelope.counter as i64)
        .bind(row(envelope)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn put_refused(tx: &mut Tx<'_>, change: &RefusedChange) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO refused (number, hash, row) VALUES (?, ?, ?)")
        .bind(change.number as i64)
        .bind(&change.hash.0[..])
        .bind(row(change)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn put_carried(tx: &mut Tx<'_>, envelope: &CarriedEnvelope) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO carried (id, device, counter, row) VALUES (?, ?, ?, ?)")
        .bind(&envelope.id.0[..])
        .bind(&envelope.device.bytes()[..])
        .bind(envelope.counter as i64)
        .bind(row(envelope)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn put_blob(tx: &mut Tx<'_>, blob: &KeptBlob) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO blobs (record, hash, row) VALUES (?, ?, ?)")
        .bind(&blob.record.id().bytes()[..])
        .bind(&blob.hash.0[..])
        .bind(row(blob)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn put_blob_bytes(
    tx: &mut Tx<'_>,
    record: RecordId,
    hash: BlobHash,
    bytes: &[u8],
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO blob_bytes (record, hash, bytes) VALUES (?, ?, ?)")
        .bind(&record.bytes()[..])
        .bind(&hash.0[..])
        .bind(bytes)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn drop_blob(tx: &mut Tx<'_>, record: RecordId, hash: BlobHash) -> Result<(), StoreError> {
    let all = [
        "DELETE FROM blobs WHERE record = ? AND hash = ?",
        "DELETE FROM blob_bytes WHERE record = ? AND hash = ?",
    ];
    for sql in all {
        sqlx::query(sql).bind(&record.bytes()[..]).bind(&hash.0[..]).execute(&mut **tx).await?;
    }
    Ok(())
}

async fn forget(tx: &mut Tx<'_>, collection: Collection) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM accepted WHERE org = ? AND year = ?",
        "DELETE FROM marks WHERE org = ? AND year = ?",
        "DELETE FROM records WHERE org = ? AND year = ? AND record NOT IN (SELECT record FROM pending)",
    ] {
        sqlx::query(sql)
            .bind(&collection.org.bytes()[..])
            .bind(i64::from(collection.year))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
