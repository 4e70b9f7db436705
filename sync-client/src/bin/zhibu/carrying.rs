//! Unsent work as a file: written on a phone without a line, delivered by whoever has one.

use std::fs::{File, read};
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;
use zhibu_sync_client::client::Carried;

use crate::fault::Fault;
use crate::session::Session;

#[derive(Serialize)]
struct Written {
    bytes: usize,
}

#[derive(Serialize)]
struct TakenOver {
    /// Envelopes that will be delivered.
    kept: usize,
    /// Those that were here before, or are this phone's own.
    known: usize,
}

pub(crate) async fn write_unsent(session: &Session, path: &Path) -> Result<(), Fault> {
    let unsent = session.client.unsent_file().await?;
    if unsent.is_empty() {
        return session.print(&Written { bytes: 0 }, || "没有未上传的内容，不用存。".to_owned());
    }
    let mut file = File::create_new(path)?;
    file.write_all(&unsent)?;
    file.sync_all()?;
    session.print(&Written { bytes: unsent.len() }, || {
        format!("已存成文件 {}，请交给乡镇党建办代为上传。", path.display())
    })
}

pub(crate) async fn take_over(session: &Session, path: &Path) -> Result<(), Fault> {
    let carried = session.client.carry_file(&read(path)?).await?;
    let kept = carried.iter().filter(|one| **one == Carried::Kept).count();
    let taken = TakenOver { kept, known: carried.len() - kept };
    session.print(&taken, || match (kept, carried.len()) {
        (_, 0) => "文件里没有内容。".to_owned(),
        (0, _) => "这些内容本机已经有了，不用再带。".to_owned(),
        _ => format!("已收下 {kept} 份，下次同步时代为上传。"),
    })
}
