//! Reads for people: what the command line prints and the screens show. Data; layout and most words are theirs.

mod activity;
mod book;
mod foresight;
mod list;
mod me;
mod names;
mod photo;
mod points;
mod quorum;
mod refused;
mod waiting;
mod years;

pub use activity::{ActivitySheet, CardSheet, EventLine, HistoryLine, RollLine, ShownValue};
pub use book::BookSheet;
pub use foresight::{Executed, hint};
pub use list::{ActivityLine, RosterLine};
pub use me::{Me, RecordKey, RecordName};
pub use names::Names;
pub use photo::{PhotoLine, PhotoState};
pub use points::{EntrySheet, LedgerSheet, LedgerSheetLine, WordLine};
pub use quorum::{PresenceLine, QuorumSheet, VoteLine};
pub use refused::{RefusedSheet, WrittenLine, WrittenValue};
pub use waiting::WaitingLine;

use crate::error::SyncError;

/// A question of a person that has no single answer.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Nothing held fits.
    #[error("no {what} fits {text:?}")]
    NotFound {
        /// `record`, `member`, `branch`, `entry`.
        what: &'static str,
        /// What was asked.
        text: String,
    },
    /// More than one thing held fits.
    #[error("{count} of {what} fit {text:?}")]
    Ambiguous {
        /// `record`, `member`, `branch`, `entry`.
        what: &'static str,
        /// What was asked.
        text: String,
        /// How many.
        count: usize,
    },
    /// No rule book of the district has arrived yet.
    #[error("no rule book is held")]
    NoRuleBook,
    /// Reading failed.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

impl From<crate::store::StoreError> for DeskError {
    fn from(error: crate::store::StoreError) -> Self {
        DeskError::Sync(error.into())
    }
}

impl DeskError {
    /// One word for programs: the command line's JSON and the screens.
    pub fn name(&self) -> &'static str {
        match self {
            DeskError::NotFound { .. } => "not_found",
            DeskError::Ambiguous { .. } => "ambiguous",
            DeskError::NoRuleBook => "no_rule_book",
            DeskError::Sync(error) => error.name(),
        }
    }

    /// Whether trying again later, without anybody doing anything, may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, DeskError::Sync(error) if error.is_retryable())
    }

    /// When to try again, in milliseconds, if the server asked to wait.
    pub fn wait_ms(&self) -> Option<u64> {
        match self {
            DeskError::Sync(error) => error.wait_ms(),
            _ => None,
        }
    }

    /// What happened and what to do, for the person who asked.
    pub fn plain(&self) -> String {
        match self {
            DeskError::NotFound { what, text } => {
                format!("找不到{}“{text}”。请先同步再试。", chinese(what))
            }
            DeskError::Ambiguous { what, text, count } => {
                format!(
                    "有 {count} 个{}符合“{text}”，请写得更具体（名字不够就写序号或编号）。",
                    chinese(what)
                )
            }
            DeskError::NoRuleBook => "本机还没有本地的积分办法和活动规则，请先同步。".to_owned(),
            DeskError::Sync(error) => error.plain(),
        }
    }
}

fn chinese(what: &str) -> &'static str {
    match what {
        "member" => "党员",
        "branch" => "支部",
        "entry" => "积分条目",
        _ => "记录",
    }
}

/// The one thing that fits, or why there is none.
fn only<T>(mut found: Vec<T>, what: &'static str, text: &str) -> Result<T, DeskError> {
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (None, _) => Err(DeskError::NotFound { what, text: text.to_owned() }),
        (_, more) => Err(DeskError::Ambiguous { what, text: text.to_owned(), count: more + 1 }),
    }
}
