//! The org tree, and what its branches have done.

use axum::Json;
use zhibu_domain::ids::OrgId;

use super::extract::{InPath, InQuery};
use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::org_list::{OrgQuery, OrgRow};
use crate::console::overview::{OverviewQuery, OverviewReply};
use crate::console::paging::Page;
use crate::error::ApiError;

/// The caller's part of the tree as a flat list with the path above it, in the district's own order:
/// parents stand before their children, branches as on the roster of organisations.
#[utoipa::path(get, path = "/v1/console/orgs", tag = "orgs", params(OrgQuery),
    responses((status = 200, body = Page<OrgRow>), Errors))]
pub(super) async fn list_orgs(caller: StaffCaller, InQuery(query): InQuery<OrgQuery>) -> Json<Page<OrgRow>> {
    Json(caller.list_orgs(&query))
}

/// What the branches of an org have filed, submitted and not submitted in a year, against the frequencies of the
/// rule book. Branches stand in the district's own order. For a township: at most 200 branches, 30 times a minute.
#[utoipa::path(get, path = "/v1/console/orgs/{id}/overview", tag = "orgs",
    params(("id" = String, Path, format = "uuid"), OverviewQuery),
    responses((status = 200, body = OverviewReply), Errors))]
pub(super) async fn read_overview(
    caller: StaffCaller,
    InPath(id): InPath<OrgId>,
    InQuery(query): InQuery<OverviewQuery>,
) -> Result<Json<OverviewReply>, ApiError> {
    caller.read_overview(id, &query).await.map(Json)
}
