//! The orgs that a caller sees, and the path above them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhibu_domain::ids::OrgId;
use zhibu_domain::org::{Org, OrgType};

use super::paging::{Page, rows};
use super::{StaffCaller, schema};

/// Where to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OrgQuery {
    /// The `next` of the page before.
    #[param(value_type = Option<String>, format = "uuid")]
    pub after: Option<OrgId>,
    /// Rows of the page, at most 500.
    pub limit: Option<u32>,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrgRow {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: OrgId,
    /// The node above.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub parent: Option<OrgId>,
    /// What it is.
    #[schema(schema_with = schema::org_type)]
    pub org_type: OrgType,
    /// Its name.
    pub name: String,
    /// Whether the caller sees what it owns; nodes above his posts are only there for their names.
    pub is_readable: bool,
}

impl StaffCaller {
    /// The caller's part of the tree in the district's order, flat: parents stand before their children.
    pub fn list_orgs(&self, query: &OrgQuery) -> Page<OrgRow> {
        let limit = rows(query.limit);
        let readable = self.tree.iter().filter(|org| self.may_read(org.id));
        let place = |id: OrgId| (self.tree.place(id), id);
        let nodes: BTreeMap<_, &Org> =
            readable.flat_map(|org| self.tree.path(org.id)).map(|org| (place(org.id), org)).collect();
        let after = query.after.map(place);
        let rest = nodes.into_iter().filter(|(here, _)| after.is_none_or(|after| *here > after));
        let rest = rest.map(|(_, org)| org);
        let rows = rest.take(limit as usize + 1).map(|org| OrgRow {
            id: org.id,
            parent: org.parent,
            org_type: org.org_type,
            name: org.name.clone(),
            is_readable: self.may_read(org.id),
        });
        Page::cut(rows.collect(), limit, |row: &OrgRow| row.id.to_string())
    }

    /// The name of an org as shown; empty for one that is gone.
    pub(super) fn org_name(&self, org: OrgId) -> String {
        self.tree.get(org).map(|org| org.name.clone()).unwrap_or_default()
    }
}
