//! Where backups lie, and what is in there.

use std::collections::BTreeSet;
use std::path::Path as FilePath;
use std::sync::Arc;

use anyhow::Context as _;
use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};

use super::{Moment, name_of};
use crate::blobs::Bucket;

/// Chunks compress to a third; a higher level would not earn its time each minute.
const LEVEL: i32 = 3;
const HASH_BYTES: usize = 32;
/// The largest chunk, opened: the list of a database of 8 GiB, or of 150,000 pictures.
const MAX_CHUNK_BYTES: usize = 16 << 20;
/// Each minute of so many hours is kept, then one moment of each day.
const EVERY_MOMENT: SignedDuration = SignedDuration::from_hours(48);

/// A folder or a bucket that holds backups.
#[derive(Debug)]
pub struct BackupPlace {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Thinned {
    /// Moments.
    pub moments: usize,
    /// Chunks that none of the others need.
    pub chunks: usize,
}

impl BackupPlace {
    /// The place at this address: `s3://BUCKET/PREFIX?…` as for pictures, or a folder, which is made if `may_make`.
    ///
    /// # Errors
    /// When it is neither, or cannot be made.
    pub async fn open(address: &str, may_make: bool) -> anyhow::Result<Self> {
        if address.contains("://") {
            let settings: Vec<_> = std::env::vars().collect();
            let Bucket { store, prefix, .. } =
                Bucket::at(address, settings).await.context("用不了这个备份地址")?;
            return Ok(Self { store: Arc::new(store), prefix });
        }
        let folder = FilePath::new(address);
        if may_make {
            std::fs::create_dir_all(folder).with_context(|| format!("建不了文件夹 {address}"))?;
        }
        let store = LocalFileSystem::new_with_prefix(folder).with_context(|| format!("打不开 {address}"))?;
        Ok(Self { store: Arc::new(store.with_fsync(true)), prefix: Path::default() })
    }

    /// All moments, the oldest first, by the names of their objects.
    pub(super) async fn moments(&self) -> anyhow::Result<Vec<(Timestamp, Path)>> {
        let found = self.list("moments").await?;
        let at = |path: &Path| {
            let (date, time) = path.filename()?.split_once('_')?.0.split_once('T')?;
            format!("{date}T{}", time.replace('-', ":")).parse().ok()
        };
        let mut moments: Vec<_> = found.into_iter().filter_map(|path| Some((at(&path)?, path))).collect();
        moments.sort_unstable();
        Ok(moments)
    }

    /// A moment, which must be what its name says.
    pub(super) async fn moment(&self, path: &Path) -> anyhow::Result<Moment> {
        let bytes = self.read(path).await?;
        let name = path.filename().unwrap_or_default();
        let digits = name.split_once('_').and_then(|(_, rest)| rest.strip_suffix(".json"));
        anyhow::ensure!(digits == name_of(&bytes).get(..16), "{path} 已损坏：内容与名称不符");
        let moment: Moment = serde_json::from_slice(&bytes).with_context(|| format!("{path} 读不懂"))?;
        anyhow::ensure!(moment.format == super::FORMAT, "{path} 是别的版本写的（格式 {}）", moment.format);
        Ok(moment)
    }

    /// Puts a moment: from now on it can be restored.
    pub(super) async fn put_moment(&self, moment: &Moment) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec_pretty(moment)?;
        // Colons are no part of a file's name everywhere.
        let at = moment.taken_at.to_string().replace(':', "-");
        let name = format!("{at}_{}.json", &name_of(&bytes)[..16]);
        self.put(&self.prefix.clone().join("moments").join(name), bytes).await
    }

    /// The names of all chunks.
    pub(super) async fn chunk_names(&self) -> anyhow::Result<BTreeSet<String>> {
        Ok(self.list("chunks").await?.iter().filter_map(|path| path.filename().map(str::to_owned)).collect())
    }

    /// The pictures that are there, as `<district>/<hash>`.
    pub(super) async fn picture_names(&self) -> anyhow::Result<BTreeSet<String>> {
        let name = |path: &Path| {
            let mut parts = path.as_ref().rsplit('/');
            let (hash, _, district) = (parts.next()?, parts.next()?, parts.next()?);
            Some(format!("{district}/{hash}"))
        };
        Ok(self.list("pictures").await?.iter().filter_map(name).collect())
    }

    pub(super) async fn put_chunk(&self, name: &str, plain: &[u8]) -> anyhow::Result<u64> {
        let bytes = zstd::bulk::compress(plain, LEVEL)?;
        let size = bytes.len() as u64;
        self.put(&self.chunk(name), bytes).await?;
        Ok(size)
    }

    /// A chunk, which must be what its name says.
    pub(super) async fn chunk_bytes(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let damaged = || format!("备份块 {name} 已损坏");
        let bytes = self.read(&self.chunk(name)).await?;
        let plain = zstd::bulk::decompress(&bytes, MAX_CHUNK_BYTES).with_context(damaged)?;
        anyhow::ensure!(name_of(&plain) == name, "{}：内容与名称不符", damaged());
        Ok(plain)
    }

    /// The names of a database's chunks.
    pub(super) async fn chunks_of(&self, moment: &Moment) -> anyhow::Result<Vec<String>> {
        let listed = self.chunk_bytes(&moment.chunks).await?;
        Ok(listed.chunks(HASH_BYTES).map(super::hex).collect())
    }

    pub(super) async fn put_picture(&self, name: &str, bytes: Vec<u8>) -> anyhow::Result<()> {
        self.put(&self.picture(name)?, bytes).await
    }

    pub(super) async fn picture_bytes(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        self.read(&self.picture(name)?).await
    }

    /// Removes moments older than so many days, all but the last of each day once two days are over, and the chunks that
    /// no moment needs any more. Pictures stay. Not while another backup goes to this place.
    ///
    /// # Errors
    /// When something cannot be read: then nothing is removed; or cannot be removed.
    pub async fn thin(&self, now: Timestamp, keep_days: u32) -> anyhow::Result<Thinned> {
        let oldest = now - SignedDuration::from_hours(24 * i64::from(keep_days));
        let moments = self.moments().await?;
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        for (place, (at, path)) in moments.iter().enumerate() {
            let next = moments.get(place + 1).map(|(at, _)| day(*at));
            let is_last_of_day = next != Some(day(*at));
            let is_last = next.is_none();
            let stays = *at > oldest && (*at > now - EVERY_MOMENT || is_last_of_day);
            if stays || is_last { kept.push(path) } else { gone.push(path) }
        }
        let mut needed = BTreeSet::new();
        for path in kept {
            let moment = self.moment(path).await?;
            needed.extend(self.chunks_of(&moment).await?);
            needed.insert(moment.chunks);
            needed.insert(moment.pictures);
        }
        for path in &gone {
            self.store.delete(path).await?;
        }
        let mut thinned = Thinned { moments: gone.len(), chunks: 0 };
        for name in self.chunk_names().await?.difference(&needed) {
            self.store.delete(&self.chunk(name)).await?;
            thinned.chunks += 1;
        }
        Ok(thinned)
    }

    async fn list(&self, folder: &str) -> anyhow::Result<Vec<Path>> {
        let found = self.store.list(Some(&self.prefix.clone().join(folder)));
        Ok(found.map_ok(|object| object.location).try_collect().await?)
    }

    async fn read(&self, path: &Path) -> anyhow::Result<Vec<u8>> {
        let found = async { self.store.get(path).await?.bytes().await };
        Ok(found.await.with_context(|| format!("备份里读不出 {path}"))?.into())
    }

    async fn put(&self, path: &Path, bytes: Vec<u8>) -> anyhow::Result<()> {
        self.store.put(path, PutPayload::from(bytes)).await.with_context(|| format!("写不进 {path}"))?;
        Ok(())
    }

    fn chunk(&self, name: &str) -> Path {
        self.prefix.clone().join("chunks").join(name.get(..2).unwrap_or_default()).join(name)
    }

    fn picture(&self, name: &str) -> anyhow::Result<Path> {
        let (district, hash) = name.split_once('/').context("照片的名称不对")?;
        let folder = self.prefix.clone().join("pictures").join(district);
        Ok(folder.join(hash.get(..2).unwrap_or_default()).join(hash))
    }
}

fn day(at: Timestamp) -> i64 {
    at.as_second().div_euclid(24 * 3600)
}
