//! Giving a backup back, into a place where nothing is.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use zhibu_domain::attachment::{BlobHash, PhotoSize, check_picture};
use zhibu_domain::ids::DistrictId;

use super::place::BackupPlace;
use super::{Moment, hex};
use crate::admin::generation::renew_all;
use crate::blobs::BlobPlace;
use crate::clock::{Clock as _, SystemClock, SystemEntropy};
use crate::config;
use crate::store::sqlite::faults_of_file;

/// What was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The moment.
    pub moment: Moment,
    /// Pictures.
    pub pictures: usize,
    /// Pictures of which the backup has none that is right.
    pub lost_pictures: usize,
}

/// Makes the data folder of a moment: the last one at or before `at`, or the last of all. Every chunk and the whole are
/// checked before the file has its name. The store gets a new generation: phones bring back what came after.
///
/// # Errors
/// When there is something in the folder, no such moment, or anything is not what it should be. Then there is no database.
pub async fn restore(
    place: &BackupPlace,
    at: Option<Timestamp>,
    data: &Path,
    pictures: &BlobPlace,
) -> anyhow::Result<Restored> {
    let moments = place.moments().await?;
    let mut fitting = moments.iter().rev().filter(|(taken_at, _)| at.is_none_or(|at| *taken_at <= at));
    let (_, path) = fitting.next().context("这里没有那个时间的备份")?;
    let moment = place.moment(path).await?;
    let database = config::database(data);
    let part = database.with_extension("part");
    let mut file = std::fs::File::create_new(&part).with_context(|| format!("写不了 {}", part.display()))?;
    let mut whole = Sha256::new();
    for name in place.chunks_of(&moment).await? {
        let chunk = place.chunk_bytes(&name).await?;
        whole.update(&chunk);
        file.write_all(&chunk)?;
    }
    anyhow::ensure!(hex(&whole.finalize()) == moment.sha256, "{path} 的数据库与校验和不符");
    file.sync_all()?;
    drop(file);
    let faults = faults_of_file(&part).await?;
    anyhow::ensure!(faults.is_empty(), "恢复出的数据库不完整：{}", faults.join("；"));
    let (mut count, mut lost) = (0, 0);
    for name in String::from_utf8(place.chunk_bytes(&moment.pictures).await?)?.lines() {
        match give_back(place, name, pictures).await {
            Ok(()) => count += 1,
            // One picture must not stop a district from having its records back.
            Err(error) => {
                tracing::error!(picture = name, error = format!("{error:#}"), "a picture is lost");
                lost += 1;
            }
        }
    }
    // Under a new generation before it has its name: no server ever serves it under the old one.
    let store = crate::store::sqlite::SqliteStore::open(&part).await?;
    renew_all(&store, &SystemEntropy, SystemClock.now()).await?;
    crate::store::Store::close(&store).await;
    std::fs::rename(&part, &database)?;
    std::fs::File::open(data)?.sync_all()?;
    Ok(Restored { moment, pictures: count, lost_pictures: lost })
}

async fn give_back(place: &BackupPlace, name: &str, pictures: &BlobPlace) -> anyhow::Result<()> {
    let (district, hash) = name.split_once('/').context("照片的名称不对")?;
    let (district, hash): (DistrictId, BlobHash) = (district.parse()?, hash.parse()?);
    let bytes = place.picture_bytes(name).await?;
    anyhow::ensure!(BlobHash::of(&bytes) == hash, "照片已损坏");
    let mime = check_picture(&bytes, PhotoSize::Full).map_err(|fault| anyhow::anyhow!("{fault}"))?;
    pictures.put(district, hash, mime, bytes).await?;
    Ok(())
}
