//! The shapes as a list to read: what `PROTOCOL.md` prints and its test compares.

use super::RecordKind;
use super::shape::{Edit, Holds, ValueShape, containers};
use crate::attachment::{MAX_PHOTO_BYTES, MAX_THUMB_BYTES};
use crate::attendance::Attendance;
use crate::event::{MAX_COMMENT_CHARS, MAX_MATTER_CHARS, MAX_SUPERSEDED};

/// One place of a record, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotShape {
    /// The container's name, its key at the root of the document.
    pub container: &'static str,
    /// The key inside, with `<member>`, `<entry>` and `<code>` for what varies; empty for a text.
    pub key: String,
    /// Which values fit.
    pub value: String,
    /// What may be done with a value that is there, in words.
    pub edit: String,
}

/// Every place of a kind of record, containers in the order of the genesis change.
pub fn shape_of(kind: RecordKind) -> Vec<SlotShape> {
    let mut slots = Vec::new();
    for container in containers(kind) {
        for (key, value) in places(container.holds) {
            let edit = match container.edit {
                Edit::Free => "free".to_owned(),
                Edit::Once => "once".to_owned(),
                Edit::Few(most) => format!("once, or deleted for good; at most {most} stand"),
            };
            slots.push(SlotShape { container: container.name, key, value, edit });
        }
    }
    slots
}

/// Key forms and values of a container.
fn places(holds: Holds) -> Vec<(String, String)> {
    let named = |prefix: &str, names: &[(&str, ValueShape)]| {
        names.iter().map(|(name, value)| (format!("{prefix}{name}"), describe(*value))).collect()
    };
    match holds {
        Holds::Text { max_chars } => {
            vec![(String::new(), format!("Automerge text, at most {max_chars} characters"))]
        }
        Holds::Named(names) => named("", names),
        Holds::PerMember(value) => vec![("<member>".to_owned(), describe(value))],
        Holds::PerMemberNamed(names) => named("<member>.", names),
        Holds::PerMemberCode(value) => vec![("<member>.<code>".to_owned(), describe(value))],
        Holds::PerEntry(value) => vec![("<entry>".to_owned(), describe(value))],
        Holds::PerEntryNamed(names) => named("<entry>.", names),
        Holds::PerCode(value) => vec![("<code>".to_owned(), describe(value))],
    }
}

/// Which values fit, in words.
fn describe(value: ValueShape) -> String {
    let words = |words: &[&str]| format!("one of {}", words.join(", "));
    match value {
        ValueShape::Text(max) => format!("text, at most {max} characters"),
        ValueShape::Word(list) => words(list),
        ValueShape::Attendance => words(&Attendance::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>()),
        ValueShape::Code => "a code".to_owned(),
        ValueShape::Date => "a date".to_owned(),
        ValueShape::Member => "a member id".to_owned(),
        ValueShape::Org => "an org id".to_owned(),
        ValueShape::Int(min, max) => format!("integer, {min} to {max}"),
        ValueShape::Flag => "boolean".to_owned(),
        ValueShape::ReviewEvent => {
            format!(
                "ReviewEvent; at most {MAX_SUPERSEDED} superseded, comment {MAX_COMMENT_CHARS} characters"
            )
        }
        ValueShape::Amendment => format!("Amendment; text at most {MAX_COMMENT_CHARS} characters"),
        ValueShape::Claim => format!("Claim; matter at most {MAX_MATTER_CHARS} characters"),
        ValueShape::PointsEvent => "PointsEvent".to_owned(),
        ValueShape::Attachment => {
            format!("Attachment; photo at most {MAX_PHOTO_BYTES} bytes, thumb at most {MAX_THUMB_BYTES}")
        }
        ValueShape::RuleBook(max) => format!("a rule book in CBOR, at most {max} bytes"),
    }
}
