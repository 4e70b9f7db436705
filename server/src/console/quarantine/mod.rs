//! What was refused: seen, admitted or dismissed by somebody with the right.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use zhibu_domain::access::Author;
use zhibu_domain::ids::{AccountId, OrgId, RecordId};
use zhibu_domain::org::{Post, Role};
use zhibu_domain::record::{RecordKind, RecordRef};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{Receipt, SentChange};

use super::paging::{Page, cursor, read_cursor, rows};
use super::review::refused;
use super::writer::{Writer, Writers};
use super::{StaffCaller, schema};
use crate::error::ApiError;
use crate::store::{AuditAct, HowResolved, QuarantineFilter, QuarantinedItem, Resolution, StoreError};
use crate::sync::Carrier;

mod content;

pub use content::{ChangeContent, EditRow, ItemContent};

/// Which items.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QuarantineQuery {
    /// Only of this org and below.
    #[param(value_type = Option<String>, format = "uuid")]
    pub org: Option<OrgId>,
    /// Only those that wait for somebody.
    #[serde(default)]
    pub open: bool,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Rows of the page, at most 500.
    pub limit: Option<u32>,
}

/// A refused change or envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuarantineRow {
    /// The item.
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// The record as the delivery names it, which need not exist; absent for a whole envelope.
    pub record: Option<NamedRecord>,
    /// Who signed it; unproven for a whole envelope.
    pub author: Writer,
    /// Who brought it.
    pub carrier: Writer,
    /// When it came first, in milliseconds since 1970.
    #[schema(value_type = i64)]
    pub received_at: Millis,
    /// Why, for programs.
    #[schema(schema_with = schema::refusal_code)]
    pub code: RefusalCode,
    /// Why, for people.
    pub plain: &'static str,
    /// The slot that it is about.
    pub slot: Option<String>,
    /// Particulars for those who read logs.
    pub detail: Option<String>,
    /// How it ended, if it has.
    pub resolution: Option<ResolutionRow>,
}

/// A record by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedRecord {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: RecordId,
    /// Its kind.
    #[schema(schema_with = schema::record_kind)]
    pub kind: RecordKind,
    /// The org that owns it.
    #[schema(value_type = String, format = "uuid")]
    pub org: OrgId,
    /// That org's name; empty if there is none.
    pub org_name: String,
    /// Its year; 0 for standing records.
    pub year: u16,
}

/// The end of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QuarantineResolution)]
pub struct ResolutionRow {
    /// How.
    #[schema(schema_with = schema::how_resolved)]
    pub how: HowResolved,
    /// Who; nobody if the change simply came again.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub by: Option<AccountId>,
    /// When, in milliseconds since 1970.
    #[schema(value_type = i64)]
    pub at: Millis,
}

/// An item with its content.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QuarantineItem {
    /// What the list says of it.
    #[serde(flatten)]
    pub item: QuarantineRow,
    /// What it says.
    pub content: ItemContent,
    /// Whether the caller may admit or dismiss it.
    pub may_resolve: bool,
}

/// Why a change cannot be let in either. The gate's own words are for its author, who has it on his phone.
fn not_admissible(code: RefusalCode) -> ApiError {
    use RefusalCode::{AlreadyWritten, NoRight, RecordFiled, RecordFull, RecordVoid, WrongStep};
    match code {
        NoRight | WrongStep | RecordFiled | RecordVoid | RecordFull | AlreadyWritten => refused(code),
        _ => ApiError::RuleBroken("这条内容本身有问题，补收不了。可以搁置，并请作者重新填写。".into()),
    }
}

impl StaffCaller {
    /// Refused changes of the caller's scope, oldest first. Whole envelopes name no org: they show only to those
    /// who see the whole district.
    pub async fn list_quarantine(&self, query: &QuarantineQuery) -> Result<Page<QuarantineRow>, ApiError> {
        let limit = rows(query.limit);
        let filter = QuarantineFilter {
            orgs: self.readable_orgs(query.org)?,
            author: None,
            open_only: query.open,
            after: read_cursor(query.after.as_deref())?,
            limit: limit + 1,
        };
        let found = self.store().list_quarantine(self.district(), &filter).await?;
        let page = Page::cut(found, limit, |item| cursor(item.received_at, item.id));
        let writers = self.writers(page.items.iter().flat_map(|item| [item.author, item.carrier])).await?;
        Ok(page.map(|item| self.quarantine_row(&item, &writers)))
    }

    /// One item with its content in plain words.
    pub async fn read_quarantined(&self, id: Uuid) -> Result<QuarantineItem, ApiError> {
        let item = self.visible_item(id).await?;
        self.quarantine_item(&item).await
    }

    /// Lets a refused change in, with the caller's right instead of its author's. What is wrong with the change
    /// itself stays wrong.
    pub async fn admit_quarantined(&self, id: Uuid) -> Result<QuarantineItem, ApiError> {
        let item = self.open_item(id).await?;
        let Some(record) = item.record else {
            return Err(ApiError::RuleBroken("整个信封无法补收，只能搁置。".into()));
        };
        let author = self.admitting_author(&item, &record).await?;
        let hand = Carrier { district: self.district(), device: self.caller.device.id };
        let sent = SentChange { record, change: item.content.clone() };
        let receipt = self.app.ledger.admit(hand, &author, self.caller.orgs_version, sent).await?;
        match receipt {
            Receipt::Stored(_) => {}
            Receipt::Duplicate(_) => {
                return Err(ApiError::Conflict("这条内容已经在记录里，不用再收。".into()));
            }
            Receipt::Refused(refusal) => return Err(not_admissible(refusal.code)),
        }
        self.note_resolved(&item, HowResolved::Admitted).await?;
        self.read_quarantined(id).await
    }

    /// Puts a refused item aside for good. Its content stays.
    pub async fn dismiss_quarantined(&self, id: Uuid) -> Result<QuarantineItem, ApiError> {
        let item = self.open_item(id).await?;
        let resolution =
            Resolution { at: self.now(), by: Some(self.account().id), how: HowResolved::Dismissed };
        if !self.store().resolve_quarantine(self.district(), id, &resolution).await? {
            return Err(ApiError::Conflict("这一条已有人处理，请刷新后再看。".into()));
        }
        self.note_resolved(&item, HowResolved::Dismissed).await?;
        self.read_quarantined(id).await
    }

    async fn visible_item(&self, id: Uuid) -> Result<QuarantinedItem, ApiError> {
        let item = self.store().find_quarantined(self.district(), id).await?;
        let sees = |item: &QuarantinedItem| {
            self.reads_all() || item.record.is_some_and(|record| self.may_read(record.org))
        };
        let item = item.filter(sees).ok_or(ApiError::NotFound)?;
        if item.name() != item.hash {
            let row = format!("{id}: its content is not what was refused");
            return Err(StoreError::Corrupt { table: "quarantine", row }.into());
        }
        Ok(item)
    }

    /// An item that the caller may resolve and nobody has.
    async fn open_item(&self, id: Uuid) -> Result<QuarantinedItem, ApiError> {
        let item = self.visible_item(id).await?;
        if !self.may_resolve(&item) {
            return Err(ApiError::Forbidden);
        }
        if item.resolution.is_some() {
            return Err(ApiError::Conflict("这一条已有人处理，请刷新后再看。".into()));
        }
        Ok(item)
    }

    fn may_resolve(&self, item: &QuarantinedItem) -> bool {
        let org = item.record.map_or(self.district().into(), |record| record.org);
        // Of an org that does not exist only the district can dispose.
        let org = self.tree.get(org).map_or(self.district().into(), |org| org.id);
        self.is_staff_above(org) || self.holds_above(&[Role::BranchSecretary], org)
    }

    fn is_staff_above(&self, org: OrgId) -> bool {
        self.holds_above(&[Role::TownshipOfficer, Role::DistrictReviewer, Role::DistrictAdmin], org)
    }

    /// The change's own device and member with the caller's rights. Staff above a branch may take in whatever its
    /// secretary might have written: that is what the admission of a departed secretary's work is.
    async fn admitting_author(&self, item: &QuarantinedItem, record: &RecordRef) -> Result<Author, ApiError> {
        let owner = self.store().find_device(self.district(), item.author).await?;
        let mut author = self.author();
        author.device = item.author;
        author.member = owner.and_then(|owner| owner.account.member);
        if self.is_staff_above(record.org) {
            author.posts.push(Post { role: Role::BranchSecretary, org: record.org });
        }
        Ok(author)
    }

    async fn note_resolved(&self, item: &QuarantinedItem, how: HowResolved) -> Result<(), ApiError> {
        let detail = json!({ "how": how, "code": item.refusal.code });
        self.note(AuditAct::QuarantineResolved, item.id, detail).await
    }

    async fn quarantine_item(&self, item: &QuarantinedItem) -> Result<QuarantineItem, ApiError> {
        let writers = self.writers([item.author, item.carrier]).await?;
        Ok(QuarantineItem {
            item: self.quarantine_row(item, &writers),
            content: content::read(item),
            may_resolve: item.resolution.is_none() && self.may_resolve(item),
        })
    }

    fn quarantine_row(&self, item: &QuarantinedItem, writers: &Writers) -> QuarantineRow {
        QuarantineRow {
            id: item.id,
            record: item.record.map(|record| NamedRecord {
                id: record.id(),
                kind: record.kind,
                org: record.org,
                org_name: self.org_name(record.org),
                year: record.year,
            }),
            author: writers.of(item.author),
            carrier: writers.of(item.carrier),
            received_at: item.received_at,
            code: item.refusal.code,
            plain: item.refusal.code.plain(),
            slot: item.refusal.slot.clone(),
            detail: item.refusal.detail.clone(),
            resolution: item.resolution.as_ref().map(|resolution| ResolutionRow {
                how: resolution.how,
                by: resolution.by,
                at: resolution.at,
            }),
        }
    }
}
