//! Sweeping: a photo that somebody removed leaves the disk after a while, and so does what nobody goes on sending.
//! Nobody reads a removed photo meanwhile: its row is gone at once.

use std::sync::Arc;
use std::time::Duration;

use zhibu_domain::ids::DistrictId;

use super::photos_of;
use crate::App;
use crate::error::ApiError;
use crate::store::StoredBlob;

/// How long a part waits for its next piece: a phone that is out of reach for a week is not unusual.
const KEEP_PARTS_MS: i64 = 7 * 24 * 3_600_000;
/// How long the bytes of a picture stay that no record holds any more: a database that is set back by a few days must
/// find the pictures that it speaks of.
const KEEP_LOOSE_MS: i64 = 7 * 24 * 3_600_000;
/// How often it is swept.
const EVERY: Duration = Duration::from_secs(24 * 3600);
/// Pictures in one page.
const PAGE: u32 = 500;

/// What was swept away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Pictures of photos that do not stand in their record any more: nobody can read them from now on.
    pub forgotten: usize,
    /// Pictures whose bytes no record has held for a week.
    pub removed: usize,
    /// Parts that nobody continued for a week.
    pub parts: usize,
}

/// Sweeps now and once a day, for as long as the server runs.
pub async fn keep_sweeping(app: Arc<App>) {
    loop {
        match sweep(&app).await {
            Ok(Swept { forgotten, removed, parts }) => {
                tracing::info!(forgotten, removed, parts, "pictures swept");
            }
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "sweeping failed"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Sweeps all districts once. Several servers may do so at the same time.
pub async fn sweep(app: &App) -> Result<Swept, ApiError> {
    let before = app.clock.now().plus(-KEEP_PARTS_MS);
    let mut swept = Swept { parts: app.blobs.place.sweep_parts(before).await?, ..Swept::default() };
    for district in app.store.list_districts().await? {
        let mut after = None;
        loop {
            let page = app.store.list_blobs(district.id, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.record, last.hash));
            for of_record in page.chunk_by(|one, next| one.record == next.record) {
                swept.forgotten += forget_removed(app, district.id, of_record).await?;
            }
        }
        swept.removed += remove_loose(app, district.id).await?;
    }
    Ok(swept)
}

/// A removed photo's id is never used again, so a picture without its photo will not be asked for.
async fn forget_removed(app: &App, district: DistrictId, blobs: &[StoredBlob]) -> Result<usize, ApiError> {
    let Some(record) = blobs.first().map(|blob| blob.record) else { return Ok(0) };
    let stored = app.store.load_record(district, record).await?;
    let photos = stored.as_ref().map(photos_of).transpose()?.unwrap_or_default();
    let mut forgotten = 0;
    for blob in blobs.iter().filter(|blob| photos.iter().all(|photo| photo.size_of(blob.hash).is_none())) {
        app.store.forget_blob(district, record, blob.hash, app.clock.now()).await?;
        forgotten += 1;
    }
    Ok(forgotten)
}

async fn remove_loose(app: &App, district: DistrictId) -> Result<usize, ApiError> {
    let mut removed = 0;
    loop {
        let now = app.clock.now();
        let claimed = app.store.claim_loose_blobs(district, now.plus(-KEEP_LOOSE_MS), now, PAGE).await?;
        if claimed.is_empty() {
            return Ok(removed);
        }
        for hash in claimed {
            app.blobs.place.remove(district, hash).await?;
            app.store.drop_loose_blob(district, hash).await?;
            removed += 1;
        }
    }
}
