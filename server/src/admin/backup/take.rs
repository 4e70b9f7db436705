//! Taking a backup of a server that serves on.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::time::Millis;

use super::place::BackupPlace;
use super::{CHUNK_BYTES, FORMAT, Moment, hex, name_of};
use crate::blobs::BlobPlace;
use crate::clock::{Clock as _, SystemClock};
use crate::store::sqlite::FrozenFile;

/// What is backed up.
#[derive(Debug)]
pub struct Source {
    /// The database file.
    pub database: PathBuf,
    /// The pictures.
    pub pictures: BlobPlace,
}

/// One place and what is known to be in it.
#[derive(Debug)]
pub struct Backup {
    place: BackupPlace,
    chunks: BTreeSet<String>,
    pictures: BTreeSet<String>,
    /// The file as it was in the last moment: one like it needs no moment of its own.
    last: Option<String>,
}

/// What a backup put.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Bytes of the database file.
    pub bytes: u64,
    /// Chunks that were new.
    pub chunks: usize,
    /// What those take in the backup.
    pub chunk_bytes: u64,
    /// Pictures that were new.
    pub pictures: usize,
    /// Pictures that the database speaks of and that are lost.
    pub lost_pictures: usize,
    /// Nothing had changed since the last moment, so there is no new one.
    pub is_unchanged: bool,
}

impl Backup {
    /// Looks what is in a place.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn at(place: BackupPlace) -> anyhow::Result<Self> {
        let last = match place.moments().await?.last() {
            Some((_, path)) => Some(place.moment(path).await?.sha256),
            None => None,
        };
        Ok(Self { chunks: place.chunk_names().await?, pictures: place.picture_names().await?, last, place })
    }

    /// The place.
    pub fn place(&self) -> &BackupPlace {
        &self.place
    }

    /// Takes a backup. The server goes on meanwhile; what it commits from here on is in the next one.
    ///
    /// # Errors
    /// When something cannot be read or put; then there is no new moment, and what was put so far is found by the next.
    pub async fn take(&mut self, source: &Source, now: Millis) -> anyhow::Result<Taken> {
        let mut frozen = FrozenFile::of(&source.database).await.context("数据库一直在忙，没有备份")?;
        let mut taken = Taken::default();
        let pictures = frozen.pictures().await?;
        let copied = self.copy(&source.database, &mut taken).await;
        // Before anything that was read is believed.
        frozen.release().await?;
        let (chunks, sha256) = copied?;
        taken.is_unchanged = self.last.as_ref() == Some(&sha256);
        let pictures = self.copy_pictures(source, pictures, &mut taken).await?;
        if taken.is_unchanged {
            return Ok(taken);
        }
        let listed = pictures.join("\n");
        let [chunks, listed] = [chunks, listed.into_bytes()].map(|bytes| (name_of(&bytes), bytes));
        for (name, bytes) in [&chunks, &listed] {
            self.put_chunk(name, bytes, &mut taken).await?;
        }
        let moment = Moment {
            format: FORMAT,
            taken_at: Timestamp::from_millisecond(now.0)?,
            bytes: taken.bytes,
            sha256: sha256.clone(),
            chunks: chunks.0,
            pictures: listed.0,
            picture_count: pictures.len(),
        };
        self.place.put_moment(&moment).await?;
        self.last = Some(sha256);
        Ok(taken)
    }

    /// Puts the chunks of the file; their hashes one behind the other, and that of the whole.
    async fn copy(&mut self, path: &Path, taken: &mut Taken) -> anyhow::Result<(Vec<u8>, String)> {
        let mut file = std::fs::File::open(path).with_context(|| format!("读不了 {}", path.display()))?;
        let (mut names, mut whole) = (Vec::new(), Sha256::new());
        loop {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
            if chunk.is_empty() {
                return Ok((names, hex(&whole.finalize())));
            }
            taken.bytes += chunk.len() as u64;
            whole.update(&chunk);
            let hash = Sha256::digest(&chunk);
            self.put_chunk(&hex(&hash), &chunk, taken).await?;
            names.extend_from_slice(&hash);
            tokio::task::yield_now().await;
        }
    }

    async fn put_chunk(&mut self, name: &str, plain: &[u8], taken: &mut Taken) -> anyhow::Result<()> {
        if !self.chunks.contains(name) {
            taken.chunk_bytes += self.place.put_chunk(name, plain).await?;
            taken.chunks += 1;
            self.chunks.insert(name.to_owned());
        }
        Ok(())
    }

    /// The names of all pictures that are in the backup now.
    async fn copy_pictures(
        &mut self,
        source: &Source,
        pictures: Vec<(Vec<u8>, Vec<u8>)>,
        taken: &mut Taken,
    ) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::with_capacity(pictures.len());
        for (district, hash) in pictures {
            let district = DistrictId::from_bytes(district.as_slice().try_into()?);
            let hash = BlobHash(hash.as_slice().try_into()?);
            let name = format!("{district}/{hash}");
            if !self.pictures.contains(&name) {
                let bytes = source.pictures.read(district, hash).await?;
                let Some(bytes) = bytes.filter(|bytes| BlobHash::of(bytes) == hash) else {
                    tracing::error!(%hash, "a picture is lost or damaged; it is not in the backup");
                    taken.lost_pictures += 1;
                    continue;
                };
                self.place.put_picture(&name, bytes).await?;
                taken.pictures += 1;
                self.pictures.insert(name.clone());
            }
            names.push(name);
        }
        Ok(names)
    }
}

/// Takes a backup at once and every so often, for as long as the server runs. One that fails is told and tried again.
pub async fn keep_backing_up(address: String, source: Source, every: Duration, keep_days: u32) {
    let mut backup = None;
    let mut thinned_on = None;
    loop {
        match back_up(&mut backup, &mut thinned_on, &address, &source, keep_days).await {
            Ok(taken) => tracing::info!(
                bytes = taken.bytes,
                chunks = taken.chunks,
                chunk_bytes = taken.chunk_bytes,
                pictures = taken.pictures,
                unchanged = taken.is_unchanged,
                "backed up"
            ),
            // What is in the place is looked for anew.
            Err(error) => {
                backup = None;
                tracing::error!(error = format!("{error:#}"), "there is no new backup");
            }
        }
        tokio::time::sleep(every).await;
    }
}

async fn back_up(
    backup: &mut Option<Backup>,
    thinned_on: &mut Option<i64>,
    address: &str,
    source: &Source,
    keep_days: u32,
) -> anyhow::Result<Taken> {
    let known = match backup.take() {
        Some(known) => known,
        None => Backup::at(BackupPlace::open(address, true).await?).await?,
    };
    let known = backup.insert(known);
    let now = SystemClock.now();
    let taken = known.take(source, now).await?;
    let today = now.seconds().div_euclid(24 * 3600);
    if *thinned_on != Some(today) {
        known.place().thin(Timestamp::from_millisecond(now.0)?, keep_days).await?;
        known.chunks = known.place.chunk_names().await?;
        *thinned_on = Some(today);
    }
    Ok(taken)
}
