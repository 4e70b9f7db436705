//! What staff see and do at a console: reads over the projection, the records and the log, and acts that go the
//! same way into the log as a phone's. No HTTP in here: the doors are in [`crate::http`].
//!
//! Every read is bounded and pages on. What lies outside the caller's scope is not found, which is another answer
//! than forbidden: nobody learns by asking what exists elsewhere. Lists of people stand in roster order and lists
//! of activities in time order, never by a count (R1 of the ban list).

use std::sync::Arc;

use serde_json::Value;
use zhibu_domain::access::{Author, may_read};
use zhibu_domain::ids::{DistrictId, OrgId, RecordId};
use zhibu_domain::org::{Org, OrgTree, OrgType, Role};
use zhibu_domain::time::Millis;

use crate::App;
use crate::auth::DeviceCaller;
use crate::error::ApiError;
use crate::store::{Account, AuditAct, AuditEntry, Session, Store, StoredRecord};

pub mod account;
pub mod activity_list;
pub mod audit;
pub mod device;
pub mod district;
pub mod feed;
pub mod history;
pub mod login;
pub mod org_list;
pub mod overview;
pub mod paging;
pub mod points;
pub mod quarantine;
pub mod record;
pub mod review;
pub mod roster;
pub mod rule_book;
mod schema;
pub mod second_factor;
pub mod shown;
pub mod throttle;
pub mod writer;

/// Somebody at a console, with his posts and the org tree as they are at this request.
#[derive(Clone)]
pub struct StaffCaller {
    app: Arc<App>,
    caller: DeviceCaller,
    tree: Arc<OrgTree>,
    session: Option<Session>,
}

impl StaffCaller {
    /// The caller with the org tree of his district; a phone that listens for news has no session.
    pub async fn of(app: Arc<App>, caller: DeviceCaller, session: Option<Session>) -> Result<Self, ApiError> {
        let tree = app.trees.get(&*app.store, caller.district, caller.orgs_version).await?;
        Ok(Self { app, caller, tree, session })
    }

    /// The session in which he works.
    fn session(&self) -> Result<&Session, ApiError> {
        self.session.as_ref().ok_or(ApiError::Unauthenticated)
    }

    /// Where he works.
    pub fn district(&self) -> DistrictId {
        self.caller.district
    }

    /// His account.
    pub fn account(&self) -> &Account {
        &self.caller.account
    }

    fn store(&self) -> &dyn Store {
        &*self.app.store
    }

    fn now(&self) -> Millis {
        self.app.clock.now()
    }

    /// Whether he sees what an org owns.
    pub fn may_read(&self, org: OrgId) -> bool {
        may_read(&self.account().posts, org, &self.tree)
    }

    /// Whether he sees the whole district.
    fn reads_all(&self) -> bool {
        self.may_read(self.district().into())
    }

    /// An org that he sees.
    fn readable_org(&self, org: OrgId) -> Result<&Org, ApiError> {
        self.tree.get(org).filter(|_| self.may_read(org)).ok_or(ApiError::NotFound)
    }

    /// A branch that he sees.
    fn readable_branch(&self, org: OrgId) -> Result<&Org, ApiError> {
        self.readable_org(org).ok().filter(|org| org.org_type.is_branch()).ok_or(ApiError::NotFound)
    }

    /// The orgs whose records he sees, below `top` if it is given; `None` is the whole district.
    fn readable_orgs(&self, top: Option<OrgId>) -> Result<Option<Vec<OrgId>>, ApiError> {
        let top = match top {
            Some(top) => self.readable_org(top)?.id,
            None if self.reads_all() => return Ok(None),
            None => self.district().into(),
        };
        let owns_records = |org: &&Org| org.org_type != OrgType::Group && self.may_read(org.id);
        Ok(Some(self.tree.subtree(top).filter(owns_records).map(|org| org.id).collect()))
    }

    /// Whether he holds one of these roles at the org or above it.
    fn holds_above(&self, roles: &[Role], org: OrgId) -> bool {
        let posts = &self.account().posts;
        posts.iter().any(|post| roles.contains(&post.role) && self.tree.is_within(org, post.org))
    }

    fn is_district_admin(&self) -> bool {
        self.holds_above(&[Role::DistrictAdmin], self.district().into())
    }

    fn require_district_admin(&self) -> Result<(), ApiError> {
        if self.is_district_admin() { Ok(()) } else { Err(ApiError::Forbidden) }
    }

    /// A record that he sees, with its log.
    async fn readable_record(&self, record: RecordId) -> Result<StoredRecord, ApiError> {
        let stored = self.store().load_record(self.district(), record).await?;
        stored.filter(|stored| self.may_read(stored.reference.org)).ok_or(ApiError::NotFound)
    }

    /// He as the author of a change, with his own hand on the server.
    fn author(&self) -> Author {
        Author {
            account: self.account().id,
            device: self.caller.device.id,
            member: self.account().member,
            posts: self.account().posts.clone(),
        }
    }

    /// Counts a request that costs the server much; nobody needs many of them in a minute.
    fn pay(&self) -> Result<(), ApiError> {
        self.app.costly.begin(self.account().id, self.now())
    }

    /// Writes down what he did.
    async fn note(&self, act: AuditAct, subject: impl ToString, detail: Value) -> Result<(), ApiError> {
        let entry = AuditEntry {
            at: self.now(),
            account: Some(self.account().id),
            device: Some(self.caller.device.id),
            act,
            subject: subject.to_string(),
            detail,
        };
        self.store().append_audit(self.district(), &entry).await?;
        Ok(())
    }
}
