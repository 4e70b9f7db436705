//! A branch's people and their points.

use axum::Json;
use zhibu_domain::ids::{MemberId, OrgId};

use super::extract::{InPath, InQuery};
use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::paging::Page;
use crate::console::points::{CycleQuery, MemberLedger, PointsNotice, PointsQuery};
use crate::console::roster::{MemberRow, RosterQuery};
use crate::error::ApiError;

/// The notice list of a branch (公示): in roster order, never by points.
#[utoipa::path(get, path = "/v1/console/branches/{org}/points", tag = "branches",
    params(("org" = String, Path, format = "uuid"), PointsQuery),
    responses((status = 200, body = PointsNotice), Errors))]
pub(super) async fn read_points(
    caller: StaffCaller,
    InPath(org): InPath<OrgId>,
    InQuery(query): InQuery<PointsQuery>,
) -> Result<Json<PointsNotice>, ApiError> {
    caller.read_points(org, &query).await.map(Json)
}

/// A member's ledger: each entry with its rule and the cap that applied.
#[utoipa::path(get, path = "/v1/console/branches/{org}/members/{member}/ledger", tag = "branches",
    params(("org" = String, Path, format = "uuid"), ("member" = String, Path, format = "uuid"), CycleQuery),
    responses((status = 200, body = MemberLedger), Errors))]
pub(super) async fn read_member_ledger(
    caller: StaffCaller,
    InPath((org, member)): InPath<(OrgId, MemberId)>,
    InQuery(query): InQuery<CycleQuery>,
) -> Result<Json<MemberLedger>, ApiError> {
    caller.read_member_ledger(org, member, query.year).await.map(Json)
}

/// Everybody on the branch's roster today, in roster order.
#[utoipa::path(get, path = "/v1/console/branches/{org}/roster", tag = "branches",
    params(("org" = String, Path, format = "uuid"), RosterQuery),
    responses((status = 200, body = Page<MemberRow>), Errors))]
pub(super) async fn read_roster(
    caller: StaffCaller,
    InPath(org): InPath<OrgId>,
    InQuery(query): InQuery<RosterQuery>,
) -> Result<Json<Page<MemberRow>>, ApiError> {
    caller.read_roster(org, &query).await.map(Json)
}
