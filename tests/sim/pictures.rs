//! Pictures: what people do with them, and what must have become of each in the end.

use std::collections::BTreeSet;

use zhibu_domain::attachment::{Attachment, BlobHash, PhotoSize};
use zhibu_domain::command::Command;
use zhibu_domain::ids::{EntryId, RecordId};
use zhibu_domain::record::{RecordKind, RecordRef};
use zhibu_domain::view::ActivityView;
use zhibu_server::blobs::{BlobPlace, sweep};
use zhibu_server::store::Store;
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::store::{LocalStore as _, StoreError};

use super::chance::Chance;
use super::oracle::may_see;
use super::people::district;
use super::phone::Phone;
use super::picture::picture;
use super::servers::Servers;
use super::world::{DAY_MS, World};

/// The pictures that anybody might take: few, so that one stands in several records, and comes again after it was
/// removed.
const MOTIFS: usize = 24;
/// A thumbnail goes in one piece.
const THUMB_BYTES: usize = 400;
/// What nobody continues, and what no record holds, is swept after a week.
const SWEPT_AFTER_DAYS: i64 = 8;

/// A photo and its thumbnail; the largest goes in five pieces.
fn any_photo(chance: &Chance) -> (Vec<u8>, Vec<u8>) {
    let motif = chance.below(MOTIFS);
    (picture(motif as u8, 1_000 + motif * 12_000), picture(motif as u8, THUMB_BYTES))
}

impl World {
    /// Somebody takes, removes or looks at a picture.
    pub(super) async fn handle_picture(&self, place: usize) -> String {
        let phone = &self.phones[place];
        let said = match self.try_picture(phone).await {
            Ok(said) => said,
            Err(SyncError::NotEnrolled) => "nothing".to_owned(),
            Err(SyncError::Command(fault)) => format!("no command: {fault}"),
            Err(SyncError::Store(StoreError::Failed(_) | StoreError::Full)) => "not saved".to_owned(),
            Err(error) => panic!("{}: {error:?}", phone.name),
        };
        format!("picture: {said}")
    }

    async fn try_picture(&self, phone: &Phone) -> Result<String, SyncError> {
        let profile = phone.client.profile().await?;
        let mut records = phone.client.records().await?;
        records.retain(|one| {
            one.kind == RecordKind::Activity && profile.collections.contains(&one.collection())
        });
        let Some(record) = self.chance.pick_some(&records) else { return Ok("no activity".to_owned()) };
        let view = ActivityView::of(&*phone.client.open(record).await?);
        let standing: Vec<_> = view.attachments.into_iter().collect();
        match (self.chance.below(10), self.chance.pick_some(&standing)) {
            (0..5, _) | (_, None) => {
                let (photo, thumb) = any_photo(&self.chance);
                let entry = phone.client.new_id()?;
                let saved = phone.client.attach_photo(record, entry, photo, thumb).await?;
                Ok(format!("{entry} in {} as {:?}", record.id(), saved.map(|saved| saved.number)))
            }
            (5 | 6, Some((entry, _))) => {
                phone.client.execute(record, Command::RemovePhoto { entry: *entry }).await?;
                Ok(format!("{entry} removed"))
            }
            (_, Some((entry, photo))) => {
                let size = *self.chance.pick(PhotoSize::ALL);
                self.look(phone, record, *entry, photo, size).await
            }
        }
    }

    /// What is shown is the picture that the record names, or nothing.
    async fn look(
        &self,
        phone: &Phone,
        record: &RecordRef,
        entry: EntryId,
        photo: &Attachment,
        size: PhotoSize,
    ) -> Result<String, SyncError> {
        match phone.look(record, entry, size).await {
            Ok(bytes) => {
                assert_eq!(
                    BlobHash::of(&bytes),
                    photo.blob(size).0,
                    "{} is shown another picture",
                    phone.name
                );
                Ok(format!("{entry} seen"))
            }
            Err(error) => {
                phone.demand_harmless(&error);
                Ok(format!("{entry} not seen: {}", error.name()))
            }
        }
    }

    /// After a synchronisation: what came of the pictures.
    pub(super) async fn upload(&self, phone: &Phone) -> String {
        match phone.upload().await {
            Ok(report) => format!("pictures {}+{}/{}", report.thumbs, report.photos, report.declined),
            Err(error) => format!("pictures {}", error.name()),
        }
    }

    /// A server sweeps; now and then after more than a week, for which everybody was away.
    pub(super) async fn sweep(&self) -> String {
        if !self.sets_back && self.chance.percent(30) {
            self.net.servers.clock.advance(SWEPT_AFTER_DAYS * DAY_MS);
        }
        let Some(one) = self.net.servers.any() else { return "nobody is there".to_owned() };
        let app = one.app.clone();
        let swept = async move { sweep(&app).await.map_err(|error| error.code()) };
        format!("swept: {:?}", Servers::until_death(&one, swept).await)
    }

    /// Each picture of each photo that stands is at the server, unless the phone that had it is gone.
    pub(super) async fn check_pictures(&self) {
        let store = self.net.servers.store();
        let lost = self.pictures_lost().await;
        for summary in store.list_records(district(), None, u32::MAX >> 1).await.unwrap() {
            let record = summary.reference;
            if record.kind != RecordKind::Activity {
                continue;
            }
            let stored = store.load_record(district(), record.id()).await.unwrap().unwrap();
            let photos = ActivityView::of(&stored.document().unwrap()).attachments;
            for (entry, photo) in &photos {
                for size in PhotoSize::ALL {
                    let hash = photo.blob(*size).0;
                    if self.is_there(&*store, record.id(), hash).await {
                        self.check_seen(&record, *entry, photo, *size).await;
                    } else {
                        let excused =
                            self.check_absent(&record, hash).await || lost.contains(&(record.id(), hash));
                        assert!(excused, "the {size} of photo {entry} in {record:?} is nowhere");
                    }
                }
            }
        }
        for phone in self.phones.iter().filter(|phone| !phone.is_gone) {
            self.check_refused_pictures(phone).await;
        }
    }

    async fn is_there(&self, store: &dyn Store, record: RecordId, hash: BlobHash) -> bool {
        let rows = store.blobs_of(district(), record).await.unwrap();
        if rows.iter().all(|row| row.hash != hash) {
            return false;
        }
        let place = BlobPlace::of(self.net.servers.shelf.clone());
        let bytes = place.read(district(), hash).await.unwrap();
        let bytes = bytes.unwrap_or_else(|| panic!("{hash} has a row and no bytes"));
        assert_eq!(BlobHash::of(&bytes), hash, "the bytes are another picture's");
        true
    }

    /// A reader sees it.
    async fn check_seen(&self, record: &RecordRef, entry: EntryId, photo: &Attachment, size: PhotoSize) {
        let mut readers = Vec::new();
        for phone in self.phones.iter().filter(|phone| !phone.is_gone) {
            if self.sees(phone, record) && phone.disk.records().await.unwrap().contains(record) {
                readers.push(phone);
            }
        }
        let Some(reader) = self.chance.pick_some(&readers) else { return };
        let bytes = reader.look(record, entry, size).await.unwrap();
        assert_eq!(BlobHash::of(&bytes), photo.blob(size).0, "{} is shown another picture", reader.name);
    }

    /// Nobody who could have brought it holds it. Whether somebody holds it who may not read its record any more.
    async fn check_absent(&self, record: &RecordRef, hash: BlobHash) -> bool {
        let mut is_out_of_reach = false;
        for phone in self.phones.iter().filter(|phone| !phone.is_gone) {
            if phone.disk.blob_bytes(record.id(), hash).await.unwrap().is_some() {
                assert!(!self.sees(phone, record), "{} never brought {hash} of {record:?}", phone.name);
                is_out_of_reach = true;
            }
        }
        is_out_of_reach
    }

    fn sees(&self, phone: &Phone, record: &RecordRef) -> bool {
        may_see(&self.net.people.borrow()[phone.person], record.collection(), &self.net.tree)
    }

    /// A refused photo keeps its pictures: it may be sent again.
    async fn check_refused_pictures(&self, phone: &Phone) {
        for change in phone.disk.refused().await.unwrap() {
            let Command::AttachPhoto { photo, .. } = change.command else { continue };
            for size in PhotoSize::ALL {
                let bytes = phone.disk.blob_bytes(change.record.id(), photo.blob(*size).0).await.unwrap();
                assert!(bytes.is_some(), "{} lost the {size} of a refused photo", phone.name);
            }
        }
    }

    /// What went down with a phone, or with what it held after the backup that it was restored from.
    async fn pictures_lost(&self) -> BTreeSet<(RecordId, BlobHash)> {
        let mut lost = self.forgotten_pictures.clone();
        for phone in self.phones.iter().filter(|phone| phone.is_gone) {
            lost.extend(self.only_copies(phone).await);
        }
        lost
    }

    /// The pictures that perhaps nobody has but this phone: what a server that was set back held may be gone from it.
    pub(super) async fn only_copies(&self, phone: &Phone) -> Vec<(RecordId, BlobHash)> {
        let blobs = phone.disk.blobs().await.unwrap().into_iter();
        let only = blobs.filter(|blob| !blob.is_uploaded || self.sets_back);
        only.map(|blob| (blob.record.id(), blob.hash)).collect()
    }
}
