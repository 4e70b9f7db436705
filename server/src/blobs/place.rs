//! Where the bytes of pictures are: a local folder or a bucket, behind one trait, with one layout.
//!
//! A picture that came whole is `whole/<district>/<first two digits>/<hash>`. What one device has sent so far of one
//! picture is a folder of pieces, `parts/<district>/<hash>-<device>/<offset>`, so that no device can spoil what another
//! one sends. Each piece is an object of its own: neither a bucket nor several servers on one bucket can append to one,
//! and an upload in parts of S3's own wants five megabytes each, which is more than a picture has.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::signer::{Method, Signer as _, Url};
use object_store::{
    Attribute, Attributes, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutOptions, PutPayload,
};
use zhibu_domain::attachment::{BlobHash, PhotoFormat};
use zhibu_domain::ids::{DeviceId, DistrictId};
use zhibu_domain::time::Millis;

use super::address::{AddressFault, Bucket};
use crate::store::StoreError;

/// For how long the address of a picture in a bucket opens it: a phone that is sent there goes at once.
const ADDRESS_HOLDS: Duration = Duration::from_secs(60);
/// Bytes under their own hash never change; but they are the district's own, so no shared cache keeps them.
pub const CACHED: &str = "private, max-age=31536000, immutable";

/// The place that holds the pictures of all districts.
#[derive(Debug, Clone)]
pub struct BlobPlace {
    wholes: Arc<dyn ObjectStore>,
    /// The same place; a local one does not sync pieces to the disk: one that is lost is sent again.
    parts: Arc<dyn ObjectStore>,
    bucket: Option<SignedBucket>,
    prefix: Path,
}

/// A bucket that readers are sent to.
#[derive(Debug, Clone)]
struct SignedBucket {
    store: Arc<AmazonS3>,
    origin: Arc<str>,
}

/// What one device has sent so far of one picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) district: DistrictId,
    pub(super) hash: BlobHash,
    pub(super) device: DeviceId,
}

/// The pieces of a part that follow on each other from its beginning.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    places: Vec<Path>,
    /// Their bytes together.
    pub(super) length: u64,
}

impl BlobPlace {
    /// A folder; it is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made or opened.
    pub fn folder(path: &FilePath) -> Result<Self, StoreError> {
        std::fs::create_dir_all(path).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let open = || LocalFileSystem::new_with_prefix(path).map_err(unavailable);
        let wholes = Arc::new(open()?.with_fsync(true));
        let parts = Arc::new(open()?.with_automatic_cleanup(true));
        Ok(Self { wholes, parts, bucket: None, prefix: Path::default() })
    }

    /// A bucket, by its address as the command line explains it. `settings` are those of the environment: keys, region.
    ///
    /// # Errors
    /// When the address is none, or a setting is missing. Nothing is sent to the bucket yet.
    pub async fn bucket(
        address: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, AddressFault> {
        let Bucket { store, prefix, origin } = Bucket::at(address, settings).await?;
        let store = Arc::new(store);
        let bucket = origin.map(|origin| SignedBucket { store: store.clone(), origin: origin.into() });
        Ok(Self { wholes: store.clone(), parts: store, bucket, prefix })
    }

    /// A place of another's making, who answers for what it survives.
    pub fn of(store: Arc<dyn ObjectStore>) -> Self {
        Self { wholes: store.clone(), parts: store, bucket: None, prefix: Path::default() }
    }

    /// The other origin that readers are sent to, if they are.
    pub fn origin(&self) -> Option<&str> {
        self.bucket.as_ref().map(|bucket| &*bucket.origin)
    }

    /// A picture that came whole.
    pub async fn read(&self, district: DistrictId, hash: BlobHash) -> Result<Option<Vec<u8>>, StoreError> {
        let found = async { self.wholes.get(&self.whole(district, hash)).await?.bytes().await };
        Ok(if_there(found.await)?.map(Vec::from))
    }

    /// Where a reader may get a picture for the next minute; none where the place has no addresses to give.
    pub(super) async fn address(
        &self,
        district: DistrictId,
        hash: BlobHash,
    ) -> Result<Option<Url>, StoreError> {
        let Some(bucket) = &self.bucket else { return Ok(None) };
        let place = self.whole(district, hash);
        let signed = bucket.store.signed_url(Method::GET, &place, ADDRESS_HOLDS).await;
        signed.map(Some).map_err(unavailable)
    }

    /// Puts a whole picture. When this returns, it survives the loss of power.
    pub(crate) async fn put(
        &self,
        district: DistrictId,
        hash: BlobHash,
        mime: PhotoFormat,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        let mut options = PutOptions::default();
        // A bucket says them to whoever it gives the picture to; a folder has no place for them.
        if self.bucket.is_some() {
            options.attributes = Attributes::from_iter([
                (Attribute::ContentType, mime.as_str()),
                (Attribute::CacheControl, CACHED),
            ]);
        }
        let place = self.whole(district, hash);
        self.wholes.put_opts(&place, PutPayload::from(bytes), options).await.map(drop).map_err(unavailable)
    }

    pub(super) async fn remove(&self, district: DistrictId, hash: BlobHash) -> Result<(), StoreError> {
        if_there(self.wholes.delete(&self.whole(district, hash)).await).map(drop)
    }

    /// What is there of a part. A piece behind a gap does not count: whoever sent it sends it again.
    pub(super) async fn pieces(&self, part: &Part) -> Result<Pieces, StoreError> {
        let found: Vec<ObjectMeta> =
            self.parts.list(Some(&self.part(part))).try_collect().await.map_err(unavailable)?;
        let found = found.into_iter().filter_map(|piece| Some((offset(&piece.location)?, piece)));
        let mut pieces = Pieces::default();
        for (offset, piece) in found.collect::<BTreeMap<_, _>>() {
            if offset != pieces.length {
                break;
            }
            pieces.length += piece.size;
            pieces.places.push(piece.location);
        }
        Ok(pieces)
    }

    /// Adds a piece behind those that are there. The same piece twice is one.
    pub(super) async fn put_piece(
        &self,
        part: &Part,
        held: &mut Pieces,
        piece: &[u8],
    ) -> Result<(), StoreError> {
        let place = self.part(part).join(format!("{:010}", held.length));
        self.parts.put(&place, PutPayload::from(piece.to_vec())).await.map_err(unavailable)?;
        held.length += piece.len() as u64;
        held.places.push(place);
        Ok(())
    }

    /// The bytes of these pieces; none if another server dropped some meanwhile.
    pub(super) async fn read_pieces(&self, pieces: &Pieces) -> Result<Option<Vec<u8>>, StoreError> {
        let mut bytes = Vec::with_capacity(pieces.length as usize);
        for place in &pieces.places {
            let piece = async { self.parts.get(place).await?.bytes().await };
            let Some(piece) = if_there(piece.await)? else { return Ok(None) };
            bytes.extend_from_slice(&piece);
        }
        Ok(Some(bytes))
    }

    pub(super) async fn drop_part(&self, part: &Part) -> Result<(), StoreError> {
        let places = self.parts.list(Some(&self.part(part))).map_ok(|piece| piece.location);
        self.drop_places(places.try_collect().await.map_err(unavailable)?).await
    }

    /// Drops parts whose last piece came before this time; how many.
    pub(super) async fn sweep_parts(&self, before: Millis) -> Result<usize, StoreError> {
        let mut parts: BTreeMap<String, Vec<ObjectMeta>> = BTreeMap::new();
        let mut found = self.parts.list(Some(&self.prefix.clone().join("parts")));
        while let Some(piece) = found.try_next().await.map_err(unavailable)? {
            parts.entry(folder_of(&piece.location)).or_default().push(piece);
        }
        parts
            .retain(|_, pieces| pieces.iter().all(|piece| piece.last_modified.timestamp_millis() < before.0));
        let dropped = parts.len();
        let pieces = parts.into_values().flatten().map(|piece| piece.location).collect();
        self.drop_places(pieces).await?;
        Ok(dropped)
    }

    async fn drop_places(&self, places: Vec<Path>) -> Result<(), StoreError> {
        let places = futures::stream::iter(places.into_iter().map(Ok)).boxed();
        let mut dropped = self.parts.delete_stream(places);
        while let Some(piece) = dropped.next().await {
            if_there(piece)?;
        }
        Ok(())
    }

    fn whole(&self, district: DistrictId, hash: BlobHash) -> Path {
        let name = hash.to_string();
        let folder = self.prefix.clone().join("whole").join(district.to_string());
        folder.join(&name[..2]).join(name)
    }

    fn part(&self, part: &Part) -> Path {
        let name = format!("{}-{}", part.hash, part.device);
        self.prefix.clone().join("parts").join(part.district.to_string()).join(name)
    }
}

/// A piece's offset, which is its name.
fn offset(piece: &Path) -> Option<u64> {
    piece.filename()?.parse().ok()
}

/// The part that a piece belongs to.
fn folder_of(piece: &Path) -> String {
    piece.as_ref().rsplit_once('/').map_or("", |(folder, _)| folder).to_owned()
}

fn unavailable(error: object_store::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

fn if_there<T>(answer: object_store::Result<T>) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const DISTRICT: DistrictId = DistrictId::from_bytes([1; 16]);
    const HASH: BlobHash = BlobHash([7; 32]);

    fn part(device: u8) -> Part {
        Part { district: DISTRICT, hash: HASH, device: DeviceId::from_bytes([device; 16]) }
    }

    async fn append(place: &BlobPlace, part: &Part, piece: &[u8]) {
        let mut held = place.pieces(part).await.unwrap();
        place.put_piece(part, &mut held, piece).await.unwrap();
    }

    async fn length(place: &BlobPlace, part: &Part) -> u64 {
        place.pieces(part).await.unwrap().length
    }

    #[tokio::test]
    async fn parts_of_two_devices_stay_apart_and_a_piece_behind_a_gap_does_not_count() {
        let scratch = tempfile::tempdir().unwrap();
        let place = BlobPlace::folder(&scratch.path().join("blobs")).unwrap();
        assert_eq!(length(&place, &part(1)).await, 0);
        for (device, piece) in [(1, "ab"), (2, "xyz"), (1, "cd"), (1, "ef")] {
            append(&place, &part(device), piece.as_bytes()).await;
        }
        let held = place.pieces(&part(1)).await.unwrap();
        assert_eq!(place.read_pieces(&held).await.unwrap().as_deref(), Some(&b"abcdef"[..]));
        place.parts.delete(&held.places[1]).await.unwrap();
        assert_eq!(place.read_pieces(&held).await.unwrap(), None, "dropped meanwhile");
        assert_eq!(length(&place, &part(1)).await, 2, "it goes on before the gap");
        place.drop_part(&part(1)).await.unwrap();
        place.drop_part(&part(1)).await.unwrap();
        assert_eq!((length(&place, &part(1)).await, length(&place, &part(2)).await), (0, 3));
    }

    /// Data folders of before there were buckets: what came whole stays where it was.
    #[tokio::test]
    async fn a_folder_of_an_earlier_server_keeps_its_pictures() {
        let scratch = tempfile::tempdir().unwrap();
        let (name, district) = (HASH.to_string(), DISTRICT.to_string());
        let whole = scratch.path().join("whole").join(&district).join(&name[..2]);
        let parts = scratch.path().join("parts").join(&district);
        std::fs::create_dir_all(&whole).unwrap();
        std::fs::create_dir_all(&parts).unwrap();
        std::fs::write(whole.join(&name), b"picture").unwrap();
        std::fs::write(parts.join(format!("{name}.{}", part(1).device)), b"pic").unwrap();
        let place = BlobPlace::folder(scratch.path()).unwrap();
        assert_eq!(place.read(DISTRICT, HASH).await.unwrap().as_deref(), Some(&b"picture"[..]));
        assert_eq!(place.read(DistrictId::from_bytes([2; 16]), HASH).await.unwrap(), None);
        append(&place, &part(1), b"pi").await;
        assert_eq!(length(&place, &part(1)).await, 2, "sent from its beginning, beside the old part");
        assert_eq!(place.sweep_parts(Millis(i64::MAX)).await.unwrap(), 2, "both are swept");
        place.put(DISTRICT, HASH, PhotoFormat::Jpeg, b"anew".to_vec()).await.unwrap();
        assert_eq!(std::fs::read(whole.join(&name)).unwrap(), b"anew");
        place.remove(DISTRICT, HASH).await.unwrap();
        place.remove(DISTRICT, HASH).await.unwrap();
        assert_eq!(place.read(DISTRICT, HASH).await.unwrap(), None);
    }

    #[tokio::test]
    async fn only_parts_that_nobody_continues_are_swept() {
        let scratch = tempfile::tempdir().unwrap();
        let place = BlobPlace::folder(scratch.path()).unwrap();
        assert_eq!(place.sweep_parts(Millis(5_000)).await.unwrap(), 0, "nothing ever came");
        for device in [1, 2] {
            append(&place, &part(device), b"ab").await;
            append(&place, &part(device), b"cd").await;
            let first = scratch.path().join(place.pieces(&part(device)).await.unwrap().places[0].as_ref());
            let first = std::fs::File::options().append(true).open(first).unwrap();
            first.set_modified(UNIX_EPOCH + Duration::from_secs(5)).unwrap();
        }
        let last = scratch.path().join(place.pieces(&part(2)).await.unwrap().places[1].as_ref());
        let last = std::fs::File::options().append(true).open(last).unwrap();
        last.set_modified(UNIX_EPOCH + Duration::from_secs(6)).unwrap();
        assert_eq!(place.sweep_parts(Millis(6_000)).await.unwrap(), 0);
        assert_eq!(place.sweep_parts(Millis(6_001)).await.unwrap(), 1);
        assert_eq!(
            (length(&place, &part(1)).await, length(&place, &part(2)).await),
            (4, 0),
            "its last piece is young"
        );
    }
}
