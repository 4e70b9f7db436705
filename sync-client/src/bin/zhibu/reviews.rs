//! Submitting, filing, returning and the other review words.

use zhibu_domain::command::Command;
use zhibu_domain::event::{MAX_COMMENT_CHARS, RedoReason, Verb};

use crate::fault::Fault;
use crate::session::Session;

#[derive(Default)]
struct Word {
    slot: Option<String>,
    comment: Option<String>,
    reason: Option<RedoReason>,
}

async fn say(session: &Session, record: &str, verb: Verb, word: Word) -> Result<(), Fault> {
    let record = session.activity(record).await?;
    let event = session.client.new_id()?;
    let Word { slot, comment, reason } = word;
    let command = Command::Review { event, verb, slot, comment, reason };
    session.execute_naming(&record, [command], Some(event)).await
}

pub(crate) async fn submit(session: &Session, record: &str) -> Result<(), Fault> {
    say(session, record, Verb::Submitted, Word::default()).await
}

pub(crate) async fn file(session: &Session, record: &str) -> Result<(), Fault> {
    say(session, record, Verb::Filed, Word::default()).await
}

pub(crate) async fn reopen(session: &Session, record: &str) -> Result<(), Fault> {
    say(session, record, Verb::Reopened, Word::default()).await
}

pub(crate) async fn void(session: &Session, record: &str) -> Result<(), Fault> {
    say(session, record, Verb::Voided, Word::default()).await
}

pub(crate) async fn send_back(
    session: &Session,
    record: &str,
    slot: Option<String>,
    comment: String,
) -> Result<(), Fault> {
    let length = comment.chars().count();
    if length == 0 || length > MAX_COMMENT_CHARS {
        return Err(Fault::Typed(format!("请写明要补正什么，1 到 {MAX_COMMENT_CHARS} 个字。")));
    }
    say(session, record, Verb::Returned, Word { slot, comment: Some(comment), reason: None }).await
}

pub(crate) async fn redo(session: &Session, record: &str, reason: &str) -> Result<(), Fault> {
    let known = RedoReason::ALL.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join("、");
    let reason = reason.parse().map_err(|_| Fault::Typed(format!("原因请从这些里选：{known}。")))?;
    say(session, record, Verb::RedoRequired, Word { reason: Some(reason), ..Word::default() }).await
}

pub(crate) async fn amend(session: &Session, record: &str, slot: String, text: String) -> Result<(), Fault> {
    let record = session.activity(record).await?;
    let entry = session.client.new_id()?;
    session.execute_naming(&record, [Command::Amend { entry, slot, text }], Some(entry)).await
}
