//! Sweeping: a photo that somebody removed leaves the disk, and so does what nobody goes on sending.

use std::sync::Arc;
use std::time::Duration;

use zhibu_domain::ids::DistrictId;

use super::photos_of;
use crate::App;
use crate::error::ApiError;
use crate::store::StoredBlob;

/// How long a part waits for its next piece: a phone that is out of reach for a week is not unusual.
const KEEP_PARTS_MS: i64 = 7 * 24 * 3_600_000;
/// How often it is swept.
const EVERY: Duration = Duration::from_secs(24 * 3600);
/// Pictures in one page.
const PAGE: u32 = 500;

/// What was swept away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Pictures of photos that do not stand in their record any more.
    pub removed: usize,
    /// Parts that nobody continued for a week.
    pub parts: usize,
}

/// Sweeps now and once a day, for as long as the server runs.
pub async fn keep_sweeping(app: Arc<App>) {
    loop {
        match sweep(&app).await {
            Ok(swept) => tracing::info!(removed = swept.removed, parts = swept.parts, "pictures swept"),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "sweeping failed"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Sweeps all districts once.
pub async fn sweep(app: &App) -> Result<Swept, ApiError> {
    let before = app.clock.now().plus(-KEEP_PARTS_MS);
    let parts = app.blobs.folder.sweep_parts(before).await.map_err(ApiError::internal)?;
    let mut swept = Swept { removed: 0, parts };
    for district in app.store.list_districts().await? {
        let mut after = None;
        loop {
            let page = app.store.list_blobs(district.id, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.record, last.hash));
            for of_record in page.chunk_by(|one, next| one.record == next.record) {
                swept.removed += sweep_record(app, district.id, of_record).await?;
            }
        }
    }
    Ok(swept)
}

/// A removed photo's id is never used again, so a picture without its photo will not be asked for.
async fn sweep_record(app: &App, district: DistrictId, blobs: &[StoredBlob]) -> Result<usize, ApiError> {
    let Some(record) = blobs.first().map(|blob| blob.record) else { return Ok(0) };
    let stored = app.store.load_record(district, record).await?;
    let photos = stored.as_ref().map(photos_of).transpose()?.unwrap_or_default();
    let mut removed = 0;
    for blob in blobs.iter().filter(|blob| photos.iter().all(|photo| photo.size_of(blob.hash).is_none())) {
        let _turn = app.blobs.turn(blob.hash).lock().await;
        if app.store.forget_blob(district, record, blob.hash).await? {
            app.blobs.folder.remove(district, blob.hash).await.map_err(ApiError::internal)?;
        }
        removed += 1;
    }
    Ok(removed)
}
