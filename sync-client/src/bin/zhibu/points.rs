//! Claims, and the ledgers.

use zhibu_domain::command::Command;
use zhibu_domain::event::{self, MAX_MATTER_CHARS, PointsReason, PointsVerb};
use zhibu_domain::ids::MemberId;
use zhibu_domain::org::Org;
use zhibu_domain::time::Millis;
use zhibu_sync_client::desk::{LedgerSheet, LedgerSheetLine};

use crate::arguments::Claim;
use crate::fault::Fault;
use crate::glossary::Glossary;
use crate::session::Session;
use crate::words;

async fn find_member(session: &Session, branch: &Org, text: Option<&str>) -> Result<MemberId, Fault> {
    match text {
        Some(text) => Ok(session.client.names(branch.id).await?.find_member(text)?),
        None => session
            .client
            .profile()
            .await?
            .member
            .ok_or_else(|| Fault::Typed("本机账号不是党员本人，请用 --member 写明为谁申报。".to_owned())),
    }
}

pub(crate) async fn claim(session: &Session, claim: Claim) -> Result<(), Fault> {
    if claim.matter.chars().count() > MAX_MATTER_CHARS {
        return Err(Fault::Typed(format!("事由最多 {MAX_MATTER_CHARS} 个字。")));
    }
    let branch = session.client.find_branch(claim.branch.as_deref()).await?;
    let member = find_member(session, &branch, claim.member.as_deref()).await?;
    let day = Millis::start_of(claim.date);
    let book = session.client.rule_book(day).await?;
    if book.point_rule(&claim.rule).is_none() {
        return Err(Fault::Typed(format!("积分办法 {} 里没有 {} 这一条。", book.id, claim.rule)));
    }
    let record = session.client.points_record(branch.id, member, day).await?;
    let entry = session.client.new_id()?;
    let Claim { rule, date, units, points, matter, .. } = claim;
    let claim = event::Claim { rule, date, units, matter, points };
    session.execute_naming(&record, [Command::ClaimPoints { entry, claim }], Some(entry)).await
}

pub(crate) async fn judge(
    session: &Session,
    entry: &str,
    verb: &str,
    reason: Option<&str>,
) -> Result<(), Fault> {
    let verb: PointsVerb = verb.parse().map_err(|_| Fault::Typed(format!("没有“{verb}”这一步。")))?;
    let known = PointsReason::ALL.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join("、");
    let wrong = |_| Fault::Typed(format!("原因请从这些里选：{known}。"));
    let reason = reason.map(str::parse).transpose().map_err(wrong)?;
    let (record, entry) = session.client.find_entry(entry).await?;
    let event = session.client.new_id()?;
    let command = Command::JudgePoints { event, entry, verb, reason };
    session.execute_naming(&record, [command], Some(event)).await
}

pub(crate) async fn show(
    session: &Session,
    member: Option<String>,
    branch: Option<&str>,
    on: Option<jiff::civil::Date>,
) -> Result<(), Fault> {
    let branch = session.client.find_branch(branch).await?;
    let wanted = match member {
        Some(text) => Some(vec![find_member(session, &branch, Some(&text)).await?]),
        None => None,
    };
    let day = on.map_or_else(|| session.client.now(), Millis::start_of);
    let sheets = session.client.ledgers(branch.id, wanted.as_deref(), day).await?;
    let details = wanted.is_some();
    let glossary = Glossary::of(session, branch.id, day).await?;
    let sheet = |sheet| describe(sheet, details, &glossary);
    session.print(&sheets, || sheets.iter().map(sheet).collect::<Vec<_>>().join("\n"))
}

fn describe(sheet: &LedgerSheet, details: bool, glossary: &Glossary) -> String {
    let (confirmed, provisional) = (sheet.confirmed.total, sheet.provisional.total);
    let mut text =
        format!("{} {}：已确认 {confirmed} 分，加上待定共 {provisional} 分", sheet.number, sheet.name);
    if !details {
        return text;
    }
    text += &format!("（{}，{} 至 {}）", sheet.book, sheet.cycle.start, sheet.cycle.end);
    for shown in &sheet.lines {
        text += "\n  ";
        text += &describe_line(shown, glossary);
    }
    for entry in &sheet.entries {
        let said: Vec<_> = entry
            .words
            .iter()
            .map(|word| format!("{}（{}）", words::points_verb(word.verb), word.name))
            .collect();
        let said = if said.is_empty() { "待核实".to_owned() } else { said.join("，") };
        text += &format!("\n  申报 {}：{} {}，{said}", entry.entry, entry.claim.rule, entry.claim.matter);
    }
    text
}

/// The points before any cap are said only where a cap took some of them.
fn describe_line(shown: &LedgerSheetLine, glossary: &Glossary) -> String {
    let line = &shown.line;
    let (rule, name, matter) = (&line.rule, &shown.rule_name, &shown.matter);
    let counted = format!("{} {rule} {name}（{matter}）：计 {} 分", line.date, line.counted);
    let cap = line.capped_by.as_ref();
    let capped = cap.map_or(String::new(), |cap| format!("，{}", glossary.cap(cap)));
    let raw = if line.raw == line.counted { String::new() } else { format!("，原为 {} 分", line.raw) };
    format!("{counted}{raw}{capped}，{}", words::line_state(line.state))
}
