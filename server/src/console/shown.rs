//! A record's values as JSON.

use data_encoding::HEXLOWER;
use minicbor::Decode;
use serde::Serialize;
use serde_json::{Value, json};
use zhibu_domain::command::Scalar;
use zhibu_domain::event::{Amendment, Claim, PointsEvent, ReviewEvent};
use zhibu_domain::record::{RecordKind, SlotPath};
use zhibu_domain::rule_book::RuleBook;

/// So many bytes of what cannot be read are shown, in hex.
pub const HEX_BYTES: usize = 64;

/// A value at its slot: text, number, yes or no as they are; an entry with its fields; a rule book with its name.
pub fn shown(kind: RecordKind, slot: &str, value: &Scalar) -> Value {
    match value {
        Scalar::Text(text) => json!(text),
        Scalar::Int(number) => json!(number),
        Scalar::Flag(flag) => json!(flag),
        Scalar::Bytes(bytes) => {
            let entry = match (kind, SlotPath::parse(slot).container) {
                (RecordKind::Activity, "events") => entry::<ReviewEvent>(bytes),
                (RecordKind::Activity, "amendments") => entry::<Amendment>(bytes),
                (RecordKind::Points, "entries") => entry::<Claim>(bytes),
                (RecordKind::Points, "events") => entry::<PointsEvent>(bytes),
                (RecordKind::RuleBook, "versions") => minicbor::decode::<RuleBook>(bytes)
                    .ok()
                    .map(|book| json!({ "id": book.id, "name": book.name })),
                _ => None,
            };
            entry.unwrap_or_else(|| json!({ "hex": hex_head(bytes), "bytes": bytes.len() }))
        }
    }
}

/// The first bytes in hex.
pub fn hex_head(bytes: &[u8]) -> String {
    HEXLOWER.encode(&bytes[..bytes.len().min(HEX_BYTES)])
}

fn entry<T: for<'b> Decode<'b, ()> + Serialize>(bytes: &[u8]) -> Option<Value> {
    serde_json::to_value(minicbor::decode::<T>(bytes).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use zhibu_domain::event::Verb;

    #[test]
    fn entries_are_told_by_their_fields_and_the_unreadable_by_its_bytes() {
        let event = ReviewEvent {
            verb: Verb::Returned,
            supersedes: vec![],
            slot: Some("about.place".into()),
            comment: Some("请补地点".into()),
            reason: None,
        };
        let bytes = Scalar::Bytes(minicbor::to_vec(&event).unwrap());
        let value = shown(RecordKind::Activity, "events.x", &bytes);
        assert_eq!((&value["verb"], &value["comment"]), (&json!("returned"), &json!("请补地点")));
        let strange = shown(RecordKind::Activity, "events.x", &Scalar::Bytes(vec![0xff; 100]));
        assert_eq!(strange, json!({ "hex": "ff".repeat(64), "bytes": 100 }));
        assert_eq!(shown(RecordKind::Activity, "about.hours", &Scalar::Int(2)), json!(2));
    }
}
