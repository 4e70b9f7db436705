//! Pictures: taken in pieces, checked when they are whole, read by whoever reads their record.
//!
//! A picture is taken only while a photo of a stored record names it, and of no more bytes than that says: so nobody
//! fills the disk, and its hash was judged with the change that names it. Each record's pictures are brought for that
//! record: to know a picture's name elsewhere in the district is not to have it.

use object_store::signer::Url;
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

mod address;
mod place;
mod sweep;

pub use address::AddressFault;
pub(crate) use address::Bucket;
pub use place::{BlobPlace, CACHED};
pub use sweep::{Swept, keep_sweeping, sweep};

use place::{Part, Pieces};

/// Pictures that one server may write at the same time.
const TURNS: usize = 16;

/// The pictures of all districts.
#[derive(Debug)]
pub struct Blobs {
    place: BlobPlace,
    /// One writer at a time for each picture, by the first digit of its name. Two servers may write one picture at once:
    /// they put the same bytes.
    turns: [Mutex<()>; TURNS],
}

/// A picture for somebody who may see it.
#[derive(Debug)]
pub enum Picture {
    /// Its bytes.
    Bytes(StoredBlob, Vec<u8>),
    /// Where it is to be had for a minute.
    At(Url),
}

/// What a record says of a picture.
struct Named {
    photo: Attachment,
    size: PhotoSize,
}

impl Blobs {
    /// The pictures in this place.
    pub fn new(place: BlobPlace) -> Self {
        Self { place, turns: std::array::from_fn(|_| Mutex::new(())) }
    }

    /// Another origin that readers are sent to, if there is one.
    pub fn origin(&self) -> Option<&str> {
        self.place.origin()
    }

    fn turn(&self, hash: BlobHash) -> &Mutex<()> {
        &self.turns[usize::from(hash.0[0]) % TURNS]
    }

    /// A picture that came for a record; none while its bytes have not all come.
    pub async fn read(
        &self,
        app: &App,
        district: DistrictId,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<Option<Picture>, ApiError> {
        let Some(blob) = app.find_blob(district, record, hash).await? else { return Ok(None) };
        if let Some(address) = self.place.address(district, hash).await? {
            return Ok(Some(Picture::At(address)));
        }
        let bytes = self.place.read(district, hash).await?;
        let corrupt = |what| StoreError::Corrupt { table: "blobs", row: format!("{hash} {what}") };
        let bytes = bytes.ok_or_else(|| corrupt("has no file"))?;
        // A disk that turned a bit must not have it shown.
        if BlobHash::of(&bytes) != hash {
            return Err(corrupt("is not what its name says").into());
        }
        Ok(Some(Picture::Bytes(blob, bytes)))
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
        let (place, part) = (&self.blobs.place, part(caller, hash));
        let mut held = place.pieces(&part).await?;
        let (_, size_bytes) = named.photo.blob(named.size);
        if held.length >= u64::from(size_bytes) {
            // A server died between the last piece and its answer.
            return self.close(record, &part, &held, &named).await;
        }
        if offset != held.length || piece.is_empty() {
            return Ok(BlobProgress { offset: held.length, is_complete: false });
        }
        if held.length + piece.len() as u64 > u64::from(size_bytes) {
            return Err(ApiError::TooLarge("more bytes than the record names".into()));
        }
        place.put_piece(&part, &mut held, piece).await?;
        if held.length < u64::from(size_bytes) {
            return Ok(BlobProgress { offset: held.length, is_complete: false });
        }
        self.close(record, &part, &held, &named).await
    }

    /// Checks what came as a whole, and keeps it.
    async fn close(
        &self,
        record: RecordId,
        part: &Part,
        pieces: &Pieces,
        named: &Named,
    ) -> Result<BlobProgress, ApiError> {
        let Part { district, hash, .. } = *part;
        let place = &self.blobs.place;
        // Another server that closed the same part was faster: the next question finds the picture.
        let bytes = place.read_pieces(pieces).await?.ok_or(ApiError::Busy)?;
        let (Attachment { mime, .. }, size) = (named.photo, named.size);
        if BlobHash::of(&bytes) != hash || check_picture(&bytes, size) != Ok(mime) {
            place.drop_part(part).await?;
            return Err(ApiError::RuleBroken("照片没有传好，或者带有拍摄地点等信息。请重新传一次。".into()));
        }
        let (arrived_at, size_bytes) = (self.clock.now(), bytes.len() as u32);
        // Bytes first, then the row. Should this end between the two, they are loose and go when their time is over.
        if !self.store.expect_blob(district, hash, arrived_at).await? {
            return Err(ApiError::Busy);
        }
        place.put(district, hash, mime, bytes).await?;
        let blob = StoredBlob { record, hash, size, mime, size_bytes, arrived_at };
        self.store.note_blob(district, &blob).await?;
        // What is left of the part, should this fail, is swept some day.
        place.drop_part(part).await?;
        Ok(complete(named))
    }

    /// The picture for a device that reads its record.
    pub async fn read_blob(
        &self,
        caller: &DeviceCaller,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<Picture, ApiError> {
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
