//! Photos of an activity.

use std::path::Path;

use serde::Serialize;
use zhibu_domain::attachment::PhotoSize;
use zhibu_domain::command::Command;
use zhibu_domain::ids::EntryId;
use zhibu_domain::record::RecordRef;
use zhibu_domain::view::ActivityView;
use zhibu_sync_client::desk::PhotoLine;

use crate::arguments::PhotoAction;
use crate::fault::Fault;
use crate::session::Session;
use crate::words;

pub(crate) async fn run(session: &Session, action: PhotoAction) -> Result<(), Fault> {
    match action {
        PhotoAction::Add { record, file, thumb } => add(session, &record, &file, &thumb).await,
        PhotoAction::Remove { record, entry } => {
            let record = session.activity(&record).await?;
            let entry = find(session, &record, &entry).await?;
            session.execute_naming(&record, [Command::RemovePhoto { entry }], Some(entry)).await
        }
        PhotoAction::Save { record, entry, out, thumb } => {
            let record = session.activity(&record).await?;
            let entry = find(session, &record, &entry).await?;
            save(session, &record, entry, &out, if thumb { PhotoSize::Thumb } else { PhotoSize::Full }).await
        }
    }
}

async fn add(session: &Session, record: &str, file: &Path, thumb: &Path) -> Result<(), Fault> {
    let record = session.activity(record).await?;
    let entry = session.client.new_id()?;
    let (photo, thumb) = (std::fs::read(file)?, std::fs::read(thumb)?);
    let executed = session.client.attach_photo_foreseen(&record, entry, photo, thumb).await?;
    let printed = Attached { record: record.id().to_string(), entry: entry.to_string() };
    session.print(&printed, || format!("照片已保存到本机（尚未上传）。条目 {entry}"))?;
    session.warn(executed.foreseen);
    Ok(())
}

async fn save(
    session: &Session,
    record: &RecordRef,
    entry: EntryId,
    out: &Path,
    size: PhotoSize,
) -> Result<(), Fault> {
    let bytes = session.client.photo(record, entry, size).await?;
    std::fs::write(out, &bytes)?;
    let printed = Saved { entry: entry.to_string(), bytes: bytes.len() };
    session.print(&printed, || format!("已写入 {}（{} 字节）", out.display(), bytes.len()))
}

/// The photo of the activity whose id begins or ends so.
async fn find(session: &Session, record: &RecordRef, text: &str) -> Result<EntryId, Fault> {
    let view = ActivityView::of(&*session.client.open(record).await?);
    let fits = |entry: &&EntryId| {
        let id = entry.to_string();
        id.starts_with(text) || id.ends_with(text)
    };
    let found: Vec<_> = view.attachments.keys().filter(fits).collect();
    match found[..] {
        [entry] => Ok(*entry),
        [] => Err(Fault::Typed(format!("这次活动没有照片“{text}”，请用 zhibu show 查看。"))),
        _ => Err(Fault::Typed(format!("“{text}”不止一张照片，请把编号写全。"))),
    }
}

/// One photo in `show`.
pub(crate) fn describe(photo: &PhotoLine) -> String {
    format!("照片 {}：{} 字节，{}", photo.id, photo.photo.size_bytes, words::photo_state(photo.state))
}

#[derive(Serialize)]
struct Attached {
    record: String,
    entry: String,
}

#[derive(Serialize)]
struct Saved {
    entry: String,
    bytes: usize,
}
