//! Reading activities: the list, one of them, its histories, its quorum; and the roster.

use zhibu_domain::quorum::Threshold;
use zhibu_sync_client::desk::{ActivityLine, ActivitySheet, HistoryLine, QuorumSheet};

use crate::fault::Fault;
use crate::glossary::Glossary;
use crate::photos;
use crate::session::Session;
use crate::words::{self, time};

pub(crate) async fn list(session: &Session, year: Option<u16>) -> Result<(), Fault> {
    let lines = session.client.list_activities(None, year).await?;
    session.print(&lines, || match lines.is_empty() {
        true => "还没有活动。用 zhibu new-activity 新建，或先同步。".to_owned(),
        false => lines.iter().map(describe_line).collect::<Vec<_>>().join("\n"),
    })
}

/// Fetches an older year: what it asks for is noted first, so a broken line costs nothing.
pub(crate) async fn fetch_year(session: &Session, year: u16, branch: Option<&str>) -> Result<(), Fault> {
    let branch = session.client.find_branch(branch).await?;
    session.client.want_year(branch.id, year).await?;
    session.sync().await?;
    let lines = session.client.list_activities(Some(branch.id), Some(year)).await?;
    session.print(&lines, || match lines.is_empty() {
        true => format!("{year} 年没有活动记录。"),
        false => lines.iter().map(describe_line).collect::<Vec<_>>().join("\n"),
    })
}

fn describe_line(line: &ActivityLine) -> String {
    let when = line.when.map_or("时间未定".to_owned(), time);
    let status = words::status(line.status);
    let kinds = line.kind_names.join("、");
    let mut text =
        format!("{}  {when}  {}（{kinds}） [{status}] 到会 {} 人", line.id, line.title, line.present);
    if line.merge_cards > 0 {
        text += &format!("，{} 处两机不一致", line.merge_cards);
    }
    if line.waiting > 0 {
        text += &format!("，{} 条待上传", line.waiting);
    }
    if line.refused > 0 {
        text += &format!("，{} 条未被接受", line.refused);
    }
    text
}

pub(crate) async fn roster(session: &Session, branch: Option<&str>) -> Result<(), Fault> {
    let branch = session.client.find_branch(branch).await?;
    let lines = session.client.list_roster(branch.id).await?;
    session.print(&lines, || {
        let line = |line: &zhibu_sync_client::desk::RosterLine| {
            let membership = if line.card.is_full { "正式" } else { "预备" };
            let excluded =
                line.excluded.map_or(String::new(), |reason| format!("，不计入应到会（理由 {reason}）"));
            format!("{} {} {membership}{excluded}", line.card.number, line.card.name)
        };
        let people: Vec<_> = lines.iter().map(line).collect();
        format!("{}，{} 人\n{}", branch.name, people.len(), people.join("\n"))
    })
}

pub(crate) async fn show(session: &Session, record: &str) -> Result<(), Fault> {
    let record = session.activity(record).await?;
    let sheet = session.client.show_activity(&record).await?;
    let glossary = Glossary::of(session, record.org, session.client.now()).await?;
    session.print(&sheet, || describe_sheet(&sheet, &glossary))
}

fn describe_sheet(sheet: &ActivitySheet, glossary: &Glossary) -> String {
    let mut lines =
        vec![format!("{} [{}] {}", sheet.id, words::status(sheet.status), sheet.kind_names.join("、"))];
    let about = sheet.about.iter();
    lines.extend(
        about.map(|(field, value)| {
            format!("{}：{}", words::field(*field), glossary.field_value(*field, value))
        }),
    );
    lines.extend(sheet.agenda.values().map(|text| format!("议题：{text}")));
    let roll = sheet.roll.iter();
    lines.push(format!("签到（{} 人）：", sheet.roll.len()));
    lines.extend(
        roll.map(|line| format!("  {} {} {}", line.number, line.name, words::attendance(line.state))),
    );
    lines.extend(sheet.observers.values().map(|post| format!("列席：{post}")));
    lines.push(format!("记录：{}", sheet.minutes));
    lines.extend(sheet.resolutions.iter().map(|(id, resolution)| {
        let vote = resolution.ballot().map_or(String::new(), |ballot| {
            format!("（赞成 {}，反对 {}，弃权 {}）", ballot.yes, ballot.no, ballot.abstain)
        });
        format!("决议 {id}：{}{vote}", resolution.text)
    }));
    lines.extend(sheet.follow_ups.iter().map(|(id, follow_up)| {
        let owner = follow_up.owner.map_or(String::new(), |owner| format!("，{}", glossary.member(owner)));
        let due = follow_up.due.map_or(String::new(), |due| format!("，{due} 前"));
        format!("后续 {id}：{}{owner}{due}{}", follow_up.text, if follow_up.done { "，已完成" } else { "" })
    }));
    lines.extend(sheet.events.iter().map(|line| {
        let at = line.at.map_or(String::new(), time);
        format!("{at} {} {}", line.name, glossary.review(&line.event))
    }));
    lines.extend(
        sheet
            .amendments
            .values()
            .map(|amendment| format!("更正说明 {}：{}", glossary.slot(&amendment.slot), amendment.text)),
    );
    lines.extend(sheet.photos.iter().map(photos::describe));
    for card in &sheet.merge_cards {
        lines.push(format!(
            "两机不一致：{}（{}），请用 zhibu resolve 选一个：",
            glossary.slot(&card.slot),
            card.slot
        ));
        lines.extend(
            card.values
                .iter()
                .zip(1..)
                .map(|(line, n)| format!("  {n}. {}", describe_history(&card.slot, line, glossary))),
        );
    }
    if sheet.waiting > 0 {
        lines.push(format!("有 {} 条待上传", sheet.waiting));
    }
    lines.join("\n")
}

fn describe_history(slot: &str, line: &HistoryLine, glossary: &Glossary) -> String {
    let value = glossary.value(slot, &line.value);
    let deleted = if line.deleted > 0 { format!("（删去 {} 字）", line.deleted) } else { String::new() };
    format!("{value}{deleted} — {}（{}）{}", line.name, line.device_name, time(line.at))
}

pub(crate) async fn history(session: &Session, record: &str, slot: &str) -> Result<(), Fault> {
    let record = session.activity(record).await?;
    let lines = session.client.slot_history(&record, slot).await?;
    let glossary = Glossary::of(session, record.org, session.client.now()).await?;
    let line = |line| describe_history(slot, line, &glossary);
    session.print(&lines, || match lines.is_empty() {
        true => format!("{}还没有人写过。", glossary.slot(slot)),
        false => lines.iter().map(line).collect::<Vec<_>>().join("\n"),
    })
}

pub(crate) async fn quorum(session: &Session, record: &str) -> Result<(), Fault> {
    let record = session.activity(record).await?;
    let sheet = session.client.quorum(&record).await?;
    session.print(&sheet, || describe_quorum(&sheet))
}

fn describe_quorum(sheet: &QuorumSheet) -> String {
    let mut lines = vec![
        format!(
            "名册 {} 人，应到会 {} 人，其中有表决权 {} 人",
            sheet.on_roster, sheet.should_attend, sheet.vote_eligible
        ),
        format!(
            "实到会 {} 人（有表决权 {} 人），请假 {} 人，无故缺席 {} 人，未标记 {} 人",
            sheet.present, sheet.present_voters, sheet.leave, sheet.absent, sheet.unmarked
        ),
    ];
    if !sheet.unapproved.is_empty() {
        lines.push(format!("有 {} 人标为不计入，但没有批准手续，仍计入应到会", sheet.unapproved.len()));
    }
    lines.extend(
        sheet.presence.iter().map(|line| format!("{}：到会人数{}", line.name, describe(&line.presence))),
    );
    for vote in &sheet.votes {
        let Some(outcome) = &vote.outcome else { continue };
        let pass = outcome.pass.as_ref().map_or(String::new(), |pass| format!("，赞成票{}", describe(pass)));
        let verdict = if outcome.adopted { "通过" } else { "没有通过" };
        lines.push(format!("表决“{}”：{verdict}；到会人数{}{pass}", vote.text, describe(&outcome.presence)));
        lines.extend(outcome.faults.iter().map(|fault| format!("  票数有误：{fault}")));
    }
    lines.join("\n")
}

fn describe(threshold: &Threshold) -> String {
    let Threshold { have, of, needed, met, at_exactly_half } = threshold;
    let verdict = if *met { "够了" } else { "不够" };
    let half = if *at_exactly_half { "，正好一半，请核对" } else { "" };
    format!("{verdict}（{have}/{of}，需要 {needed}{half}）")
}
