//! [`LocalStore`] in IndexedDB.
//!
//! | table | key | row, in CBOR and sealed | looked for by |
//! |---|---|---|---|
//! | `phone` | `state`, `profile` | [`DeviceState`], [`Profile`] | |
//! | `authors` | device | [`AuthorCard`] | |
//! | `records` | record | [`RecordRef`] | |
//! | `accepted` | counted | the [`AcceptedChange`]s that one act brought for one record | `record`, `shelf`, `hash` |
//! | `pending`, `refused` | number | [`PendingChange`], [`RefusedChange`] | |
//! | `marks` | collection | [`ReadMark`] | |
//! | `envelopes` | counter | [`ClosedEnvelope`] | |
//! | `carried` | SHA-256 | [`CarriedEnvelope`] | |
//! | `blobs` | record, SHA-256 | [`KeptBlob`] | |
//! | `blob_bytes` | record, SHA-256 | the bytes alone | |
//! | `vouchers` | SHA-256 of its code and generation | [`Voucher`] | |
//!
//! An act is thought out here, on top of what is known at its revision, and reaches the database as one list of rows
//! to put and to take away. The database takes the list only at that very revision, so nothing in it can be stale.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use minicbor::{Decode, Encode};
use wasm_bindgen::JsValue;
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::{DeviceId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection, RecordRef};
use zhibu_domain::wire::{AuthorCard, Profile, ReadMark, Voucher};

use super::{
    AcceptedChange, Act, CarriedEnvelope, ClosedEnvelope, DeviceState, KeptBlob, LocalStore, PendingChange,
    RefusedChange, StoreError, Write,
};
use crate::browser::{Ask, Put, Row, Shelf};

/// A phone's store in one IndexedDB database.
pub struct IndexedDbStore {
    shelf: Shelf,
    kept: RefCell<Option<Rc<Kept>>>,
}

/// What every question begins with, kept in memory: reading it anew would cost a transaction each time. It is of one
/// revision, and may be older than the database where another window writes; see [`IndexedDbStore::forget`].
#[derive(Debug, Clone, Default)]
struct Kept {
    revision: u64,
    state: Option<DeviceState>,
    profile: Option<Profile>,
    records: BTreeSet<RecordRef>,
    pending: BTreeMap<u64, PendingChange>,
    refused: BTreeMap<u64, RefusedChange>,
}

impl IndexedDbStore {
    /// A store over an open database.
    pub fn new(shelf: Shelf) -> Self {
        Self { shelf, kept: RefCell::default() }
    }

    /// Another window may have written: what is kept in memory is read anew.
    pub fn forget(&self) {
        self.kept.replace(None);
    }

    async fn kept(&self) -> Result<Rc<Kept>, StoreError> {
        if let Some(kept) = self.kept.borrow().as_ref() {
            return Ok(kept.clone());
        }
        let asks = [
            Ask::at("phone", "state"),
            Ask::at("phone", "profile"),
            Ask::all("records"),
            Ask::all("pending"),
            Ask::all("refused"),
        ];
        let (revision, answers) = self.shelf.read(&asks).await?;
        let [state, profile, records, pending, refused] = answers.as_slice() else {
            return Err(StoreError::Failed("the database answered something else".to_owned()));
        };
        let pending = rows::<PendingChange>(pending)?.into_iter().map(|change| (change.number, change));
        let refused = rows::<RefusedChange>(refused)?.into_iter().map(|change| (change.number, change));
        let kept = Rc::new(Kept {
            revision,
            state: rows(state)?.pop(),
            profile: rows(profile)?.pop(),
            records: rows(records)?.into_iter().collect(),
            pending: pending.collect(),
            refused: refused.collect(),
        });
        // Whoever was faster may have committed since.
        Ok(self.kept.borrow_mut().get_or_insert(kept).clone())
    }

    async fn ask<T: for<'b> Decode<'b, ()>>(&self, ask: Ask) -> Result<Vec<T>, StoreError> {
        let (_, answers) = self.shelf.read(&[ask]).await?;
        rows(&answers.concat())
    }

    /// Those of these names that are accepted.
    async fn accepted_among(&self, names: &[ChangeHash]) -> Result<BTreeSet<ChangeHash>, StoreError> {
        if names.is_empty() {
            return Ok(BTreeSet::new());
        }
        let ask = |name: &ChangeHash| Ask::by("accepted", "hash", name.to_string()).keys();
        let asks: Vec<_> = names.iter().map(ask).collect();
        let (_, answers) = self.shelf.read(&asks).await?;
        let there = names.iter().zip(answers).filter(|(_, rows)| !rows.is_empty());
        Ok(there.map(|(name, _)| *name).collect())
    }

    /// The keys of the accepted rows of a collection.
    async fn accepted_in(&self, collection: Collection) -> Result<Vec<JsValue>, StoreError> {
        let ask = Ask::by("accepted", "shelf", shelf_key(collection)).keys();
        let (_, answers) = self.shelf.read(&[ask]).await?;
        Ok(answers.concat().into_iter().map(|row| row.key).collect())
    }
}

impl LocalStore for IndexedDbStore {
    async fn revision(&self) -> Result<u64, StoreError> {
        Ok(self.kept().await?.revision)
    }

    async fn state(&self) -> Result<Option<DeviceState>, StoreError> {
        Ok(self.kept().await?.state.clone())
    }

    async fn profile(&self) -> Result<Option<Profile>, StoreError> {
        Ok(self.kept().await?.profile.clone())
    }

    async fn authors(&self) -> Result<Vec<AuthorCard>, StoreError> {
        self.ask(Ask::all("authors")).await
    }

    async fn author(&self, device: DeviceId) -> Result<Option<AuthorCard>, StoreError> {
        Ok(self.ask(Ask::at("authors", device.to_string())).await?.pop())
    }

    async fn records(&self) -> Result<Vec<RecordRef>, StoreError> {
        Ok(self.kept().await?.records.iter().copied().collect())
    }

    async fn accepted(&self, record: RecordId) -> Result<Vec<AcceptedChange>, StoreError> {
        let ask = Ask::by("accepted", "record", record.to_string());
        Ok(self.ask::<Vec<AcceptedChange>>(ask).await?.concat())
    }

    async fn pending_of(&self, record: RecordId) -> Result<Vec<PendingChange>, StoreError> {
        let kept = self.kept().await?;
        Ok(kept.pending.values().filter(|change| change.record.id() == record).cloned().collect())
    }

    async fn pending(&self) -> Result<Vec<PendingChange>, StoreError> {
        Ok(self.kept().await?.pending.values().cloned().collect())
    }

    async fn unknown(&self, hashes: &[ChangeHash]) -> Result<Vec<ChangeHash>, StoreError> {
        let kept = self.kept().await?;
        let mut known = self.accepted_among(hashes).await?;
        known.extend(kept.pending.values().map(|change| change.hash));
        known.extend(kept.refused.values().map(|change| change.hash));
        Ok(hashes.iter().filter(|hash| !known.contains(hash)).copied().collect())
    }

    async fn marks(&self) -> Result<Vec<ReadMark>, StoreError> {
        let mut marks: Vec<ReadMark> = self.ask(Ask::all("marks")).await?;
        marks.sort_unstable_by_key(|mark| mark.collection);
        Ok(marks)
    }

    async fn envelopes(&self) -> Result<Vec<ClosedEnvelope>, StoreError> {
        self.ask(Ask::all("envelopes")).await
    }

    async fn refused(&self) -> Result<Vec<RefusedChange>, StoreError> {
        Ok(self.kept().await?.refused.values().cloned().collect())
    }

    async fn carried(&self) -> Result<Vec<CarriedEnvelope>, StoreError> {
        let mut carried: Vec<CarriedEnvelope> = self.ask(Ask::all("carried")).await?;
        carried.sort_unstable_by_key(|envelope| (envelope.device, envelope.counter, envelope.id));
        Ok(carried)
    }

    async fn blobs(&self) -> Result<Vec<KeptBlob>, StoreError> {
        self.ask(Ask::all("blobs")).await
    }

    async fn blob_bytes(&self, record: RecordId, hash: BlobHash) -> Result<Option<Vec<u8>>, StoreError> {
        let (_, answers) = self.shelf.read(&[Ask::at("blob_bytes", blob_key(record, hash))]).await?;
        Ok(answers.concat().pop().map(|row| row.bytes))
    }

    async fn vouchers(&self) -> Result<Vec<Voucher>, StoreError> {
        self.ask(Ask::all("vouchers")).await
    }

    async fn commit(&self, act: Act) -> Result<(), StoreError> {
        let kept = self.kept().await?;
        if kept.revision != act.based_on {
            return Err(StoreError::Raced);
        }
        let names = act.writes.iter().filter_map(|write| match write {
            Write::Accept(change) => Some(change.hash),
            _ => None,
        });
        let held = self.accepted_among(&names.collect::<Vec<_>>()).await?;
        let mut draft = Draft { kept: Kept::clone(&kept), held, ..Draft::default() };
        for write in act.writes {
            if let Write::Forget(collection) = write {
                let rows = self.accepted_in(collection).await?;
                draft.forget(collection, rows);
            } else {
                draft.take(write)?;
            }
        }
        let (puts, after) = draft.finish(act.based_on + 1)?;
        let written = self.shelf.commit(act.based_on, &puts).await;
        // After a failure the database tells best what is there.
        self.kept.replace(written.is_ok().then(|| Rc::new(after)));
        written
    }
}

/// The rows of one act, in the making.
#[derive(Default)]
struct Draft {
    /// What is known, with the writes so far in it.
    kept: Kept,
    /// The names that are accepted, as far as the act asks for them.
    held: BTreeSet<ChangeHash>,
    /// The last put of each row.
    puts: BTreeMap<(&'static str, String), Put>,
    /// What is newly accepted, record by record.
    accepted: BTreeMap<RecordId, Vec<AcceptedChange>>,
    /// Accepted rows that go.
    gone: Vec<Put>,
    forgotten: BTreeSet<Collection>,
}

impl Draft {
    fn take(&mut self, write: Write) -> Result<(), StoreError> {
        match write {
            Write::State(state) => {
                self.put("phone", "state", &state)?;
                self.kept.state = Some(state);
            }
            Write::Profile(profile) => {
                self.put("phone", "profile", &profile)?;
                self.kept.profile = Some(profile);
            }
            Write::Author(card) => self.put("authors", card.device.to_string(), &card)?,
            Write::Pending(change) => {
                self.know(change.record)?;
                self.put_number("pending", change.number, &change)?;
                self.kept.pending.insert(change.number, change);
            }
            Write::DropPending(number) => self.drop_pending(number),
            Write::Accept(change) => self.accept(change)?,
            Write::Mark(mark) => self.put("marks", shelf_key(mark.collection), &mark)?,
            Write::Envelope(envelope) => self.put_number("envelopes", envelope.counter, &envelope)?,
            Write::DropEnvelope(counter) => self.drop_number("envelopes", counter),
            Write::Refuse(change) => {
                self.put_number("refused", change.number, &change)?;
                self.kept.refused.insert(change.number, change);
            }
            Write::DropRefused(number) => self.drop_refused(number),
            Write::Carry(envelope) => self.put("carried", envelope.id.to_string(), &envelope)?,
            Write::Blob(blob) => {
                let bytes = encode(&blob)?;
                self.put_blob("blobs", blob.record.id(), blob.hash, Some(bytes));
            }
            Write::BlobBytes(record, hash, bytes) => {
                self.put_blob("blob_bytes", record, hash, Some(bytes));
            }
            Write::DropBlob(record, hash) => {
                self.put_blob("blobs", record, hash, None);
                self.put_blob("blob_bytes", record, hash, None);
            }
            Write::Voucher(voucher) => {
                let name = data_encoding::HEXLOWER.encode(&[&voucher.generation[..], &voucher.code].concat());
                self.put("vouchers", name, &voucher)?;
            }
            Write::Forget(collection) => self.forget(collection, Vec::new()),
        }
        Ok(())
    }

    fn put(
        &mut self,
        table: &'static str,
        key: impl Into<String>,
        row: &impl Encode<()>,
    ) -> Result<(), StoreError> {
        let key = key.into();
        let put = Put::row(table, key.as_str(), encode(row)?);
        self.puts.insert((table, key), put);
        Ok(())
    }

    /// Numbers stay numbers, so that the table's order is theirs.
    fn put_number(&mut self, table: &'static str, key: u64, row: &impl Encode<()>) -> Result<(), StoreError> {
        let put = Put::row(table, key as f64, encode(row)?);
        self.puts.insert((table, key.to_string()), put);
        Ok(())
    }

    fn put_blob(&mut self, table: &'static str, record: RecordId, hash: BlobHash, bytes: Option<Vec<u8>>) {
        let key = blob_key(record, hash);
        let put = match bytes {
            Some(bytes) => Put::row(table, key, bytes),
            None => Put::gone(table, key),
        };
        self.puts.insert((table, format!("{record}/{hash}")), put);
    }

    fn drop_number(&mut self, table: &'static str, key: u64) {
        self.puts.insert((table, key.to_string()), Put::gone(table, key as f64));
    }

    fn drop_pending(&mut self, number: u64) {
        self.kept.pending.remove(&number);
        self.drop_number("pending", number);
    }

    fn drop_refused(&mut self, number: u64) {
        self.kept.refused.remove(&number);
        self.drop_number("refused", number);
    }

    fn know(&mut self, record: RecordRef) -> Result<(), StoreError> {
        if self.kept.records.insert(record) {
            self.put("records", record.id().to_string(), &record)?;
        }
        Ok(())
    }

    fn accept(&mut self, change: AcceptedChange) -> Result<(), StoreError> {
        self.know(change.record)?;
        let pending = self.kept.pending.values().filter(|one| one.hash == change.hash);
        let pending: Vec<u64> = pending.map(|one| one.number).collect();
        pending.into_iter().for_each(|number| self.drop_pending(number));
        let refused = self.kept.refused.values().filter(|one| one.hash == change.hash);
        let refused: Vec<u64> = refused.map(|one| one.number).collect();
        refused.into_iter().for_each(|number| self.drop_refused(number));
        let is_new = self.held.insert(change.hash);
        if is_new || self.forgotten.contains(&change.record.collection()) {
            self.accepted.entry(change.record.id()).or_default().push(change);
        }
        Ok(())
    }

    /// `rows` are the keys of what was accepted of the collection before this act.
    fn forget(&mut self, collection: Collection, rows: Vec<JsValue>) {
        self.forgotten.insert(collection);
        self.gone.extend(rows.into_iter().map(|key| Put::gone("accepted", key)));
        self.accepted.retain(|_, changes| changes.iter().all(|one| one.record.collection() != collection));
        let mark = shelf_key(collection);
        self.puts.insert(("marks", mark.clone()), Put::gone("marks", mark));
        let waiting: BTreeSet<RecordRef> = self.kept.pending.values().map(|change| change.record).collect();
        let going = self.kept.records.iter().filter(|one| one.collection() == collection);
        let going: Vec<RecordRef> = going.filter(|one| !waiting.contains(one)).copied().collect();
        for record in going {
            self.kept.records.remove(&record);
            let key = record.id().to_string();
            self.puts.insert(("records", key.clone()), Put::gone("records", key));
        }
    }

    /// Everything to write, and what is known once it is written.
    fn finish(self, revision: u64) -> Result<(Vec<Put>, Kept), StoreError> {
        let mut puts = self.gone;
        puts.extend(self.puts.into_values());
        for (record, changes) in self.accepted {
            let Some(first) = changes.first() else { continue };
            let hashes = changes.iter().map(|change| JsValue::from(change.hash.to_string()));
            let put = Put::row("accepted", JsValue::NULL, encode(&changes)?)
                .with("record", record.to_string())
                .with("shelf", shelf_key(first.record.collection()))
                .with("hash", hashes.collect::<js_sys::Array>());
            puts.push(put);
        }
        Ok((puts, Kept { revision, ..self.kept }))
    }
}

fn shelf_key(collection: Collection) -> String {
    format!("{}:{}", collection.org, collection.year)
}

fn blob_key(record: RecordId, hash: BlobHash) -> JsValue {
    js_sys::Array::of2(&record.to_string().into(), &hash.to_string().into()).into()
}

fn encode(row: &impl Encode<()>) -> Result<Vec<u8>, StoreError> {
    minicbor::to_vec(row).map_err(|e| StoreError::Failed(e.to_string()))
}

fn rows<T: for<'b> Decode<'b, ()>>(rows: &[Row]) -> Result<Vec<T>, StoreError> {
    let read = |row: &Row| minicbor::decode(&row.bytes).map_err(|e| StoreError::Damaged(e.to_string()));
    rows.iter().map(read).collect()
}
