//! Enrolment, synchronisation, status.

use std::path::Path;

use serde::Serialize;
use zhibu_sync_client::client::{Status, SyncReport, UploadReport};
use zhibu_sync_client::invite::Invite;

use crate::fault::Fault;
use crate::session::Session;
use crate::words::time;

/// Longest label of a device, in characters.
const MAX_NAME_CHARS: usize = 40;

pub(crate) async fn enrol(data: &Path, json: bool, link: &str, name: &str) -> Result<(), Fault> {
    let invite: Invite = link.parse().map_err(|_| {
        Fault::Typed("邀请链接不对，应当形如 https://服务器/enrol#一串字符，请整条复制。".to_owned())
    })?;
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return Err(Fault::Typed(format!("设备名称请写 1 到 {MAX_NAME_CHARS} 个字。")));
    }
    let session = Session::create(data, &invite.server, json).await?;
    let profile = session.client.enrol(&invite, name).await?;
    let status = session.client.status().await?;
    session.print(&status, || {
        format!("登记成功：{}（{name}）。请执行 zhibu sync 取得本支部的记录。", profile.name)
    })
}

pub(crate) async fn sync(session: &Session) -> Result<(), Fault> {
    let report = session.sync().await?;
    // The text is delivered. Pictures that do not come through now go on where they stopped, at the next time.
    let pictures = session.client.upload_blobs().await.ok();
    session.print(&Synchronised { report, pictures }, || {
        format!("{}{}", describe_sync(&report), describe_upload(pictures))
    })
}

pub(crate) async fn rebuild(session: &Session, record: Option<&str>) -> Result<(), Fault> {
    let record = match record {
        Some(text) => Some(session.activity(text).await?),
        None => None,
    };
    let report = session.client.rebuild(record.as_ref()).await?;
    session.print(&report, || {
        format!("重新下载完成：{} 个年度，{} 条。没有上传的内容没有动。", report.collections, report.received)
    })
}

/// What a synchronisation prints as JSON.
#[derive(Serialize)]
struct Synchronised {
    #[serde(flatten)]
    report: SyncReport,
    /// None when the line broke.
    pictures: Option<UploadReport>,
}

fn describe_upload(pictures: Option<UploadReport>) -> String {
    match pictures {
        None => "照片没有传完，下次同步接着传。".to_owned(),
        Some(UploadReport { photos: 0, declined: 0, .. }) => String::new(),
        Some(UploadReport { photos, declined: 0, .. }) => format!("已上传照片 {photos} 张。"),
        Some(UploadReport { photos, .. }) => format!("已上传照片 {photos} 张，其余下次再试。"),
    }
}

fn describe_sync(report: &SyncReport) -> String {
    let mut text = format!("同步完成：已上传 {} 条，收到 {} 条。", report.stored, report.received);
    if report.rewritten > 0 {
        text += &format!("有 {} 条自动重新提交。", report.rewritten);
    }
    if report.refused > 0 {
        text += &format!("有 {} 条没有被接受，请用 zhibu refused 查看。", report.refused);
    }
    if report.delivered > 0 {
        text += &format!("代交了 {} 份。", report.delivered);
    }
    text + &format!("（上行 {} 字节，下行 {} 字节）", report.bytes_up, report.bytes_down)
}

pub(crate) async fn status(session: &Session) -> Result<(), Fault> {
    let status = session.client.status().await?;
    session.print(&status, || describe_status(&status))
}

fn describe_status(status: &Status) -> String {
    let mut lines = vec![
        format!("{}，服务器 {}", status.name, status.server),
        format!(
            "待上传 {} 条（其中已封装 {} 条），{} 字节",
            status.pending, status.in_envelope, status.waiting_bytes
        ),
        format!("已上传 {} 条，未被接受 {} 条", status.receipted, status.refused),
    ];
    if status.photos_waiting > 0 {
        lines.push(format!("照片待上传 {} 张，{} 字节", status.photos_waiting, status.photo_bytes_waiting));
    }
    lines.push(match status.last_sync {
        Some(last) => format!(
            "上次成功同步：{}（上行 {}，下行 {} 字节）",
            time(last.at),
            last.bytes_up,
            last.bytes_down
        ),
        None => "还没有成功同步过".to_owned(),
    });
    if status.carried > 0 {
        lines.push(format!("代交的内容还有 {} 份", status.carried));
    }
    if status.restored {
        lines.push("本机数据来自旧备份，请尽快同步，系统会自动补齐。".to_owned());
    }
    if let Some(at) = status.server_restored_at {
        lines.push(format!("服务器曾在 {} 前后恢复过备份。", time(at)));
    }
    lines.join("\n")
}
