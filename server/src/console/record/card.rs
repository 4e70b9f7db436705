//! Merge cards: where phones disagree.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use zhibu_domain::record::{RecordKind, merge_cards};
use zhibu_domain::time::Millis;

use super::Context;
use crate::console::shown::shown;
use crate::console::writer::Writer;

/// One slot at which several values stand.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CardRow {
    /// E.g. `about.place`.
    pub slot: String,
    /// All values; the one shown at present is the last.
    pub values: Vec<StandingValue>,
}

/// One of the values.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StandingValue {
    /// The value.
    pub value: Value,
    /// Who wrote it, with which device.
    pub by: Writer,
    /// When, by his clock, in milliseconds since 1970.
    #[schema(value_type = i64)]
    pub at: Millis,
}

pub(super) fn rows(context: &Context) -> Vec<CardRow> {
    let rows = merge_cards(&context.record).into_iter().map(|card| {
        let values = card.values.iter().map(|touch| StandingValue {
            value: touch
                .value
                .as_ref()
                .map_or(Value::Null, |value| shown(RecordKind::Activity, &card.slot, value)),
            by: context.writers.of(touch.by.device),
            at: touch.at,
        });
        CardRow { values: values.collect(), slot: card.slot.clone() }
    });
    rows.collect()
}
