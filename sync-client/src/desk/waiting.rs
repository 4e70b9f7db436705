//! What is saved on this phone and has no receipt.

use serde::Serialize;
use zhibu_domain::command::AboutField;
use zhibu_domain::ids::{OrgId, RecordId};
use zhibu_domain::record::{RecordKind, RecordRef};
use zhibu_domain::time::Millis;
use zhibu_domain::view::ActivityView;

use super::DeskError;
use super::refused::{WrittenLine, written};
use crate::client::Client;
use crate::keys::DeviceKey;
use crate::store::LocalStore;
use crate::transport::Transport;

/// One change that waits for its receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct WaitingLine {
    /// Its number; it keeps it until it is receipted or refused.
    pub number: u64,
    /// The record.
    pub record: RecordId,
    /// What the record is.
    pub kind: RecordKind,
    /// Whose record it is.
    pub org: OrgId,
    /// An activity's title, or the name of the member whose points these are; empty where there is none.
    pub title: String,
    /// What was written, in the order of writing.
    pub written: Vec<WrittenLine>,
    /// How large it is.
    pub bytes: usize,
    /// When it was made, by this device's clock.
    pub made_at: Millis,
    /// Whether it is in a signed envelope, and so perhaps on its way.
    pub in_envelope: bool,
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// Everything that waits for a receipt, oldest first.
    pub async fn waiting(&self) -> Result<Vec<WaitingLine>, DeskError> {
        let mut lines = Vec::new();
        for change in self.store().pending().await? {
            lines.push(WaitingLine {
                number: change.number,
                record: change.record.id(),
                kind: change.record.kind,
                org: change.record.org,
                title: self.record_title(&change.record).await?,
                written: written(change.record.kind, &change.change),
                bytes: change.change.len(),
                made_at: change.made_at,
                in_envelope: change.envelope.is_some(),
            });
        }
        Ok(lines)
    }

    /// What a person calls a record: the activity's title, the member's name.
    pub(super) async fn record_title(&self, reference: &RecordRef) -> Result<String, DeskError> {
        match (reference.kind, reference.subject()) {
            (RecordKind::Activity, _) => {
                let view = ActivityView::of(&*self.open(reference).await?);
                Ok(view.text(AboutField::Title).unwrap_or_default().to_owned())
            }
            (_, Some(member)) => Ok(self.names(reference.org).await?.member(member)),
            _ => Ok(String::new()),
        }
    }
}
