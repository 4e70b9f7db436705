//! Who wrote what when, slot by slot.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use zhibu_domain::ids::RecordId;
use zhibu_domain::record::{ChangeHash, RecordKind, Touch, full_history, text_history};
use zhibu_domain::time::Millis;

use super::StaffCaller;
use super::shown::shown;
use super::writer::{Writer, Writers};
use crate::error::ApiError;

/// Which part of the history.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Only this slot, e.g. `about.place` or `minutes`.
    pub slot: Option<String>,
}

/// The history of a record. It is as bounded as the record itself, whose log has at most 1 MiB.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecordHistory {
    /// Every slot that was ever written, with each writing in the order of the log.
    pub slots: BTreeMap<String, Vec<TouchRow>>,
    /// What each change did to the minutes.
    pub minutes: Vec<TextTouchRow>,
}

/// One hand on one slot.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TouchRow {
    /// What stood there then; null for a deletion.
    pub value: Value,
    /// Who, with which device.
    pub by: Writer,
    /// When, by his clock, in milliseconds since 1970.
    #[schema(value_type = i64)]
    pub at: Millis,
    /// When it reached the server, in milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub received_at: Option<Millis>,
    /// The change, by its hash.
    #[schema(value_type = String)]
    pub change: ChangeHash,
}

/// One change of a text.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TextTouchRow {
    /// The characters it put in, in the order written.
    pub inserted: String,
    /// How many characters it took out.
    pub deleted: usize,
    /// Who, with which device.
    pub by: Writer,
    /// When, by his clock, in milliseconds since 1970.
    #[schema(value_type = i64)]
    pub at: Millis,
    /// When it reached the server, in milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub received_at: Option<Millis>,
    /// The change, by its hash.
    #[schema(value_type = String)]
    pub change: ChangeHash,
}

/// The container that holds an activity's text.
const MINUTES: &str = "minutes";

struct Arrivals {
    writers: Writers,
    received: HashMap<ChangeHash, Millis>,
}

impl StaffCaller {
    /// The history of a record.
    pub async fn read_history(&self, id: RecordId, query: &HistoryQuery) -> Result<RecordHistory, ApiError> {
        let stored = self.readable_record(id).await?;
        let record = stored.document()?;
        let arrivals = Arrivals {
            writers: self.writers(stored.changes.iter().map(|change| change.author)).await?,
            received: stored.changes.iter().map(|change| (change.hash, change.received_at)).collect(),
        };
        let is_asked = |slot: &str| query.slot.as_deref().is_none_or(|asked| asked == slot);
        let kind = stored.reference.kind;
        let slots = full_history(&record).into_iter().filter(|(slot, _)| is_asked(slot));
        let slots = slots.map(|(slot, touches)| {
            let rows = touches.iter().map(|touch| arrivals.row(kind, &slot, touch)).collect();
            (slot, rows)
        });
        let texts = if is_asked(MINUTES) { text_history(&record, MINUTES) } else { Vec::new() };
        let minutes = texts.into_iter().map(|touch| TextTouchRow {
            by: arrivals.writers.of(touch.device),
            at: touch.at,
            received_at: arrivals.received.get(&touch.change).copied(),
            change: touch.change,
            inserted: touch.inserted,
            deleted: touch.deleted,
        });
        Ok(RecordHistory { slots: slots.collect(), minutes: minutes.collect() })
    }
}

impl Arrivals {
    fn row(&self, kind: RecordKind, slot: &str, touch: &Touch) -> TouchRow {
        TouchRow {
            value: touch.value.as_ref().map_or(Value::Null, |value| shown(kind, slot, value)),
            by: self.writers.of(touch.by.device),
            at: touch.at,
            received_at: self.received.get(&touch.change).copied(),
            change: touch.change,
        }
    }
}
