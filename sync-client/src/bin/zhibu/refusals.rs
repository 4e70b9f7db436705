//! What the server did not accept.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use zhibu_domain::command::{Command, Scalar};
use zhibu_domain::ids::{OrgId, RecordId};
use zhibu_domain::refusal::RefusalCode;
use zhibu_sync_client::client::Resent;
use zhibu_sync_client::desk::RefusedSheet;
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::store::RefusedChange;

use crate::arguments::RefusedAction;
use crate::fault::Fault;
use crate::glossary::Glossary;
use crate::session::Session;
use crate::words;

pub(crate) async fn run(session: &Session, action: Option<RefusedAction>) -> Result<(), Fault> {
    match action.unwrap_or(RefusedAction::List) {
        RefusedAction::List => list(session, None).await,
        RefusedAction::Show { number } => list(session, Some(number)).await,
        RefusedAction::Resend { number } => {
            let refused = find(session, number).await?;
            let foreseen = session.client.foresee(&refused.record, &refused.command).await?;
            told(session, session.client.resend_refused(number).await?, foreseen)
        }
        RefusedAction::Correct { number, value } => correct(session, number, &value).await,
        RefusedAction::Dismiss { number } => {
            let line = RefusedSheet::from(session.client.dismiss_refused(number).await?);
            session.print(&line, || format!("已放弃第 {number} 条。"))
        }
    }
}

async fn list(session: &Session, only: Option<u64>) -> Result<(), Fault> {
    let all = session.client.refused().await?.into_iter();
    let lines: Vec<RefusedSheet> =
        all.filter(|change| only.is_none_or(|number| number == change.number)).map(Into::into).collect();
    if let (Some(number), true) = (only, lines.is_empty()) {
        return Err(SyncError::NoSuchRefused(number).into());
    }
    let surroundings = Surroundings::of(session, &lines).await?;
    session.print(&lines, || describe(&lines, &surroundings, only.is_some()))?;
    let seen: Vec<_> = lines.iter().map(|line| line.number).collect();
    Ok(session.client.mark_refused_seen(&seen).await?)
}

/// What the refused changes are about, in words.
struct Surroundings {
    /// By branch.
    glossaries: BTreeMap<OrgId, Glossary>,
    /// The name of each record.
    titles: BTreeMap<RecordId, String>,
}

impl Surroundings {
    async fn of(session: &Session, lines: &[RefusedSheet]) -> Result<Self, Fault> {
        let (mut glossaries, mut titles) = (BTreeMap::new(), BTreeMap::new());
        for RefusedSheet { reference, record, .. } in lines {
            let glossary = match glossaries.entry(reference.org) {
                Entry::Vacant(gap) => {
                    gap.insert(Glossary::of(session, reference.org, session.client.now()).await?)
                }
                Entry::Occupied(held) => held.into_mut(),
            };
            if let Entry::Vacant(gap) = titles.entry(*record) {
                gap.insert(glossary.title(&*session.client.open(reference).await?));
            }
        }
        Ok(Self { glossaries, titles })
    }

    fn describe(&self, line: &RefusedSheet, details: bool) -> String {
        let title = self.titles.get(&line.record).map_or("", String::as_str);
        let made_at = words::time(line.made_at);
        let mut text = format!("第 {} 条（{title}，{made_at}）：{}", line.number, line.reason);
        if let Some(glossary) = self.glossaries.get(&line.reference.org) {
            text.extend(line.written.iter().map(|one| format!("\n  您写的：{}", glossary.written(one))));
        }
        if details {
            let learnt = words::time(line.refused_at);
            text += &format!("\n  记录 {}，答复 {}，收到答复 {learnt}", line.record, line.refusal.code);
        }
        text
    }
}

fn describe(lines: &[RefusedSheet], surroundings: &Surroundings, details: bool) -> String {
    match lines.is_empty() {
        true => "没有未被接受的内容。".to_owned(),
        false => {
            let lines: Vec<_> = lines.iter().map(|line| surroundings.describe(line, details)).collect();
            lines.join("\n")
        }
    }
}

async fn find(session: &Session, number: u64) -> Result<RefusedChange, Fault> {
    let found = session.client.refused().await?.into_iter().find(|change| change.number == number);
    Ok(found.ok_or(SyncError::NoSuchRefused(number))?)
}

/// A single text field can be corrected by its new value; everything else by doing it anew and letting this go.
async fn correct(session: &Session, number: u64, value: &str) -> Result<(), Fault> {
    let refused = find(session, number).await?;
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
    let foreseen = session.client.foresee(&refused.record, &command).await?;
    told(session, session.client.correct_refused(number, command).await?, foreseen)
}

fn told(session: &Session, resent: Resent, foreseen: Option<RefusalCode>) -> Result<(), Fault> {
    let saved = matches!(resent, Resent::Saved(_));
    let foreseen = foreseen.filter(|_| saved);
    let mut printed = serde_json::json!({ "saved": usize::from(saved) });
    if let Some(code) = foreseen {
        printed["hint"] = code.as_str().into();
    }
    session.print(&printed, || match saved {
        true => "已重新保存到本机，下次同步时上传。".to_owned(),
        false => "内容已经在记录里，不用再提交。".to_owned(),
    })?;
    session.warn(foreseen);
    Ok(())
}
