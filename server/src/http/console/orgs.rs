//! The org tree.

use axum::Json;

use super::extract::InQuery;
use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::org_list::{OrgQuery, OrgRow};
use crate::console::paging::Page;

/// The caller's part of the tree as a flat list in id order, with the path above it.
#[utoipa::path(get, path = "/v1/console/orgs", tag = "orgs", params(OrgQuery),
    responses((status = 200, body = Page<OrgRow>), Errors))]
pub(super) async fn list_orgs(caller: StaffCaller, InQuery(query): InQuery<OrgQuery>) -> Json<Page<OrgRow>> {
    Json(caller.list_orgs(&query))
}
