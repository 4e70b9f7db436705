//! What the server did not accept.

use serde::Serialize;
use zhibu_domain::command::{Command, Scalar};
use zhibu_domain::ids::RecordId;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::Refusal;
use zhibu_sync_client::client::Resent;
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::store::RefusedChange;

use crate::arguments::RefusedAction;
use crate::fault::Fault;
use crate::session::Session;
use crate::words;

/// A refused change as printed.
#[derive(Serialize)]
struct RefusedLine {
    number: u64,
    record: RecordId,
    hash: String,
    made_at: Millis,
    refused_at: Millis,
    #[serde(flatten)]
    refusal: Refusal,
    /// For people.
    reason: &'static str,
    /// What was done, as the client keeps it.
    command: String,
}

impl From<RefusedChange> for RefusedLine {
    fn from(change: RefusedChange) -> Self {
        Self {
            number: change.number,
            record: change.record.id(),
            hash: change.hash.to_string(),
            made_at: change.made_at,
            refused_at: change.refused_at,
            reason: change.refusal.code.plain(),
            refusal: change.refusal,
            command: format!("{:?}", change.command),
        }
    }
}

pub(crate) async fn run(session: &Session, action: Option<RefusedAction>) -> Result<(), Fault> {
    match action.unwrap_or(RefusedAction::List) {
        RefusedAction::List => list(session, None).await,
        RefusedAction::Show { number } => list(session, Some(number)).await,
        RefusedAction::Resend { number } => told(session, session.client.resend_refused(number).await?),
        RefusedAction::Correct { number, value } => correct(session, number, &value).await,
        RefusedAction::Dismiss { number } => {
            let line = RefusedLine::from(session.client.dismiss_refused(number).await?);
            session.print(&line, || format!("已放弃第 {number} 条。"))
        }
    }
}

async fn list(session: &Session, only: Option<u64>) -> Result<(), Fault> {
    let all = session.client.refused().await?.into_iter();
    let lines: Vec<RefusedLine> =
        all.filter(|change| only.is_none_or(|number| number == change.number)).map(Into::into).collect();
    if let (Some(number), true) = (only, lines.is_empty()) {
        return Err(SyncError::NoSuchRefused(number).into());
    }
    session.print(&lines, || describe(&lines, only.is_some()))?;
    let seen: Vec<_> = lines.iter().map(|line| line.number).collect();
    Ok(session.client.mark_refused_seen(&seen).await?)
}

fn describe(lines: &[RefusedLine], details: bool) -> String {
    if lines.is_empty() {
        return "没有未被接受的内容。".to_owned();
    }
    let line = |line: &RefusedLine| {
        let slot = line.refusal.slot.as_deref().unwrap_or("整条");
        let mut text =
            format!("第 {} 条（{}，{slot}）：{}", line.number, words::time(line.made_at), line.reason);
        if details {
            text += &format!("\n  记录 {}\n  内容 {}", line.record, line.command);
        }
        text
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A single text field can be corrected by its new value; everything else by doing it anew and letting this go.
async fn correct(session: &Session, number: u64, value: &str) -> Result<(), Fault> {
    let refused = session.client.refused().await?.into_iter().find(|change| change.number == number);
    let refused = refused.ok_or(SyncError::NoSuchRefused(number))?;
    let command = match refused.command {
        Command::SetAbout(fields) if fields.len() == 1 => {
            let new = |(field, _)| (field, Some(Scalar::Text(value.to_owned())));
            Command::SetAbout(fields.into_iter().map(new).collect())
        }
        Command::EditMinutes { before, .. } => Command::EditMinutes { before, after: value.to_owned() },
        _ => {
            let sentence = "这一条不能直接改。请重新操作一次，再用 zhibu refused dismiss 放弃这一条。";
            return Err(Fault::Typed(sentence.to_owned()));
        }
    };
    told(session, session.client.correct_refused(number, command).await?)
}

fn told(session: &Session, resent: Resent) -> Result<(), Fault> {
    let saved = matches!(resent, Resent::Saved(_));
    session.print(&serde_json::json!({ "saved": usize::from(saved) }), || match saved {
        true => "已重新保存到本机，下次同步时上传。".to_owned(),
        false => "内容已经在记录里，不用再提交。".to_owned(),
    })
}
