//! Pictures: taken in pieces, checked when they are whole, read by whoever reads their record.
//!
//! A picture is taken only while a photo of a stored record names it, and of no more bytes than that says: so nobody
//! fills the disk, and its hash was judged with the change that names it. Each record's pictures are brought for that
//! record: to know a picture's name elsewhere in the district is not to have it.

use tokio::sync::Mutex;
use zhibu_domain::access::may_read;
use zhibu_domain::attachment::{Attachment, BlobHash, PhotoSize, check_picture};
use zhibu_domain::ids::{DistrictId, RecordId};
use zhibu_domain::record::RecordKind;
use zhibu_domain::view::ActivityView;
use zhibu_domain::wire::BlobProgress;

use crate::App;
use crate::auth::DeviceCaller;
use crate::error::ApiError;
use crate::store::{StoreError, StoredBlob, StoredRecord};

mod folder;
mod sweep;

pub use folder::BlobFolder;
pub use sweep::{Swept, keep_sweeping, sweep};

use folder::Part;

/// Pictures that may be written at the same time.
const TURNS: usize = 16;

/// The pictures of all districts.
#[derive(Debug)]
pub struct Blobs {
    folder: BlobFolder,
    /// One writer at a time for each picture, by the first digit of its name.
    turns: [Mutex<()>; TURNS],
}

/// What a record says of a picture.
struct Named {
    photo: Attachment,
    size: PhotoSize,
}

impl Blobs {
    /// The pictures in this folder.
    pub fn new(folder: BlobFolder) -> Self {
        Self { folder, turns: std::array::from_fn(|_| Mutex::new(())) }
    }

    fn turn(&self, hash: BlobHash) -> &Mutex<()> {
        &self.turns[usize::from(hash.0[0]) % TURNS]
    }

    /// The bytes of a picture that came for a record; none while they have not all come.
    pub async fn read(
        &self,
        app: &App,
        district: DistrictId,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<Option<(StoredBlob, Vec<u8>)>, ApiError> {
        let Some(blob) = app.find_blob(district, record, hash).await? else { return Ok(None) };
        let bytes = self.folder.read(district, hash).await.map_err(ApiError::internal)?;
        let lost = || StoreError::Corrupt { table: "blobs", row: format!("{hash} has no file") };
        Ok(Some((blob, bytes.ok_or_else(lost)?)))
    }
}

impl App {
    /// How much of a picture this device has brought.
    pub async fn blob_progress(
        &self,
        caller: &DeviceCaller,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<BlobProgress, ApiError> {
        // An empty piece changes nothing, wherever it begins.
        self.put_blob_chunk(caller, record, hash, 0, &[]).await
    }

    /// Takes a piece of a picture. One that does not begin where the picture ends changes nothing.
    pub async fn put_blob_chunk(
        &self,
        caller: &DeviceCaller,
        record: RecordId,
        hash: BlobHash,
        offset: u64,
        piece: &[u8],
    ) -> Result<BlobProgress, ApiError> {
        let named = self.named(caller, record, hash).await?;
        let _turn = self.blobs.turn(hash).lock().await;
        if self.find_blob(caller.district, record, hash).await?.is_some() {
            return Ok(complete(&named));
        }
        let (folder, part) = (&self.blobs.folder, part(caller, hash));
        let held = folder.part_len(&part).await.map_err(ApiError::internal)?;
        let (_, size_bytes) = named.photo.blob(named.size);
        if held >= u64::from(size_bytes) {
            // The server died between the last piece and its answer.
            return self.close(caller.district, record, &part, &named).await;
        }
        if offset != held || piece.is_empty() {
            return Ok(BlobProgress { offset: held, is_complete: false });
        }
        let length = held + piece.len() as u64;
        if length > u64::from(size_bytes) {
            return Err(ApiError::TooLarge("more bytes than the record names".into()));
        }
        folder.append(&part, piece).await.map_err(ApiError::internal)?;
        if length < u64::from(size_bytes) {
            return Ok(BlobProgress { offset: length, is_complete: false });
        }
        self.close(caller.district, record, &part, &named).await
    }

    /// Checks what came as a whole, and keeps it.
    async fn close(
        &self,
        district: DistrictId,
        record: RecordId,
        part: &Part,
        named: &Named,
    ) -> Result<BlobProgress, ApiError> {
        let folder = &self.blobs.folder;
        let bytes = folder.read_part(part).await.map_err(ApiError::internal)?;
        let Attachment { mime, .. } = named.photo;
        if BlobHash::of(&bytes) != part.hash || check_picture(&bytes, named.size) != Ok(mime) {
            folder.drop_part(part).await.map_err(ApiError::internal)?;
            return Err(ApiError::RuleBroken("照片没有传好，或者带有拍摄地点等信息。请重新传一次。".into()));
        }
        folder.keep(part).await.map_err(ApiError::internal)?;
        let (hash, size, size_bytes) = (part.hash, named.size, bytes.len() as u32);
        let arrived_at = self.clock.now();
        let blob = StoredBlob { record, hash, size, mime, size_bytes, arrived_at };
        self.store.note_blob(district, &blob).await?;
        Ok(complete(named))
    }

    /// The picture for a device that reads its record.
    pub async fn read_blob(
        &self,
        caller: &DeviceCaller,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<(StoredBlob, Vec<u8>), ApiError> {
        self.named(caller, record, hash).await?;
        self.blobs.read(self, caller.district, record, hash).await?.ok_or(ApiError::NotFound)
    }

    async fn find_blob(
        &self,
        district: DistrictId,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<Option<StoredBlob>, StoreError> {
        let blobs = self.store.blobs_of(district, record).await?;
        Ok(blobs.into_iter().find(|blob| blob.hash == hash))
    }

    /// What a record that the caller reads says of a picture now.
    async fn named(
        &self,
        caller: &DeviceCaller,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<Named, ApiError> {
        let tree = self.trees.get(&*self.store, caller.district, caller.orgs_version).await?;
        let stored = self.store.load_record(caller.district, record).await?;
        let is_readable =
            |stored: &StoredRecord| may_read(&caller.account.posts, stored.reference.org, &tree);
        let stored = stored.filter(is_readable).ok_or(ApiError::NotFound)?;
        let photos = photos_of(&stored)?;
        let named = photos.iter().find_map(|photo| Some(Named { photo: *photo, size: photo.size_of(hash)? }));
        named.ok_or(ApiError::NotFound)
    }
}

/// The photos that stand in a record.
fn photos_of(stored: &StoredRecord) -> Result<Vec<Attachment>, StoreError> {
    if stored.reference.kind != RecordKind::Activity {
        return Ok(Vec::new());
    }
    Ok(ActivityView::of(&stored.document()?).attachments.into_values().collect())
}

fn part(caller: &DeviceCaller, hash: BlobHash) -> Part {
    Part { district: caller.district, hash, device: caller.device.id }
}

fn complete(named: &Named) -> BlobProgress {
    BlobProgress { offset: named.photo.blob(named.size).1.into(), is_complete: true }
}
