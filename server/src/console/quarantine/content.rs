//! What a refused item says, as far as it can be read without trusting it.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use zhibu_domain::gate::{Edit, decode};
use zhibu_domain::ids::OrgId;
use zhibu_domain::record::RecordKind;
use zhibu_domain::wire::{Envelope, EnvelopeBody, MAX_ENVELOPE_BYTES};

use crate::console::schema;
use crate::console::shown::{hex_head, shown};
use crate::store::QuarantinedItem;

/// Most edits of one change that are told.
const MAX_EDITS: usize = 200;
/// Most changes of one envelope that are told.
const MAX_CHANGES: usize = 20;

/// The content of an item.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ItemContent {
    /// How many bytes it has.
    pub bytes: usize,
    /// The changes that can be read: one for a change, the first 20 of an envelope.
    pub changes: Vec<ChangeContent>,
    /// The first bytes in hex, where nothing can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
}

/// What a change would do.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChangeContent {
    /// The kind of record that it is meant for.
    #[schema(schema_with = schema::record_kind)]
    pub kind: RecordKind,
    /// The org that owns the record.
    #[schema(value_type = String, format = "uuid")]
    pub org: OrgId,
    /// The first 200 edits.
    pub edits: Vec<EditRow>,
    /// How many more there are.
    pub left_out: usize,
}

/// One edit.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum EditRow {
    /// Writes a value; null clears the slot.
    Set {
        /// E.g. `about.place`.
        slot: String,
        /// The value.
        value: Value,
    },
    /// Edits a text.
    Text {
        /// E.g. `minutes`.
        slot: String,
        /// What it puts in.
        inserted: String,
        /// How many characters it takes out.
        deleted: usize,
    },
    /// Touches something that such records do not have.
    Strange {
        /// As the change names it.
        place: String,
    },
}

/// Reads an item. The gate's own scan goes first, so a bomb is told by its first bytes and not by its content.
pub(super) fn read(item: &QuarantinedItem) -> ItemContent {
    let changes = match item.record {
        Some(record) => change(record.kind, record.org, &item.content).into_iter().collect(),
        None => envelope(&item.content).unwrap_or_default(),
    };
    let hex = changes.is_empty().then(|| hex_head(&item.content));
    ItemContent { bytes: item.content.len(), changes, hex }
}

fn envelope(bytes: &[u8]) -> Option<Vec<ChangeContent>> {
    if bytes.len() > 2 * MAX_ENVELOPE_BYTES {
        return None;
    }
    let envelope: Envelope = minicbor::decode(bytes).ok()?;
    let body: EnvelopeBody = minicbor::decode(&envelope.body).ok()?;
    let changes = body.changes.iter().take(MAX_CHANGES);
    Some(changes.filter_map(|sent| change(sent.record.kind, sent.record.org, &sent.change)).collect())
}

fn change(kind: RecordKind, org: OrgId, bytes: &[u8]) -> Option<ChangeContent> {
    let mut edits = decode(bytes).ok()?.content(kind);
    let left_out = edits.len().saturating_sub(MAX_EDITS);
    edits.truncate(MAX_EDITS);
    let edits = edits.into_iter().map(|edit| match edit {
        Edit::Set { slot, value } => {
            let value = value.map_or(Value::Null, |value| shown(kind, &slot, &value));
            EditRow::Set { slot, value }
        }
        Edit::Text { slot, inserted, deleted } => EditRow::Text { slot, inserted, deleted },
        Edit::Strange { place } => EditRow::Strange { place },
    });
    Some(ChangeContent { kind, org, edits: edits.collect(), left_out })
}
