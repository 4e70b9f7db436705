//! The review: submit, file, return, redo, reopen, void.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use zhibu_domain::access::{Act, Scene, may};
use zhibu_domain::command::Command;
use zhibu_domain::event::{RedoReason, Status, Verb};
use zhibu_domain::ids::{EntryId, RecordId};
use zhibu_domain::record::{CommandFault, RecordKind, RecordRef};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::view::ActivityView;

use super::{StaffCaller, schema};
use crate::error::ApiError;
use crate::store::AuditAct;
use crate::sync::{WriteFault, read_record};

/// A review word.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewRequest {
    /// What is said.
    #[schema(schema_with = schema::verb)]
    pub verb: Verb,
    /// The slot it is about, e.g. `about.place`.
    pub slot: Option<String>,
    /// What to do, about the record and not about a person; at most 300 characters.
    pub comment: Option<String>,
    /// Why the activity must be held again.
    #[schema(schema_with = schema::redo_reason)]
    pub reason: Option<RedoReason>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReviewReply {
    /// The event.
    #[schema(value_type = String, format = "uuid")]
    pub event: EntryId,
    /// Where the activity stands now.
    #[schema(schema_with = schema::status)]
    pub status: Status,
}

impl StaffCaller {
    /// Says a review word about an activity, through the same gate as a phone's.
    pub async fn review(&self, id: RecordId, request: ReviewRequest) -> Result<ReviewReply, ApiError> {
        let stored = self.readable_record(id).await?;
        let reference = stored.reference;
        if reference.kind != RecordKind::Activity {
            return Err(ApiError::NotFound);
        }
        self.check_review(&reference, ActivityView::of(&stored.document()?).status(), request.verb)?;
        let event = EntryId(self.app.entropy.uuid(self.now()));
        let verb = request.verb;
        let command = Command::Review {
            event,
            verb,
            slot: request.slot,
            comment: request.comment,
            reason: request.reason,
        };
        self.carry_out(reference, &command).await?;
        self.note(AuditAct::Reviewed, id, json!({ "verb": verb, "event": event })).await?;
        let record =
            read_record(self.store(), self.district(), reference).await?.ok_or(ApiError::NotFound)?;
        Ok(ReviewReply { event, status: ActivityView::of(&record).status() })
    }

    /// The gate would refuse it too, but would also keep it: a click on the wrong button is no case for quarantine.
    fn check_review(&self, record: &RecordRef, status: Status, verb: Verb) -> Result<(), ApiError> {
        let scene = Scene { record, status, orgs: &self.tree, roster: None };
        may(&self.author(), Act::Review(verb), &scene).map_err(refused)
    }

    /// Writes a command as the caller, with his own hand on the server.
    pub(super) async fn carry_out(&self, record: RecordRef, command: &Command) -> Result<(), ApiError> {
        let (author, version) = (self.author(), self.caller.orgs_version);
        self.app.ledger.write(self.district(), &author, version, record, command).await?;
        Ok(())
    }
}

/// A refusal of the gate as an answer.
pub(super) fn refused(code: RefusalCode) -> ApiError {
    match code {
        RefusalCode::NoRight => ApiError::Forbidden,
        RefusalCode::WrongStep => ApiError::Conflict(code.plain().into()),
        code => ApiError::RuleBroken(code.plain().into()),
    }
}

impl From<WriteFault> for ApiError {
    fn from(fault: WriteFault) -> Self {
        match fault {
            WriteFault::Store(error) => error.into(),
            WriteFault::Refused(refusal) => refused(refusal.code),
            WriteFault::Command(CommandFault::AlreadyWritten { .. }) => {
                ApiError::Conflict("这一条已经写过，不能改写。".into())
            }
            WriteFault::Command(CommandFault::Document(fault)) => ApiError::internal(fault),
            WriteFault::Command(_) => refused(RefusalCode::WrongValue),
        }
    }
}
