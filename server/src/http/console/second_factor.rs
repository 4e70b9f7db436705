//! The second factor of staff.

use axum::Json;
use zhibu_domain::ids::AccountId;

use super::extract::{InAnyStage, InBody, InPath};
use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::account::AccountRow;
use crate::console::login::MeReply;
use crate::console::second_factor::{BeginFactorRequest, CodeRequest, FactorPolicyRequest, FactorReply};
use crate::error::ApiError;

/// Makes a new second factor for the caller. It counts once a code of it is confirmed; until then the one before
/// does. Who has one already must show a code of it.
#[utoipa::path(post, path = "/v1/console/second-factor", tag = "caller", request_body = BeginFactorRequest,
    responses((status = 200, body = FactorReply), Errors))]
pub(super) async fn begin_factor(
    InAnyStage(caller): InAnyStage,
    InBody(request): InBody<BeginFactorRequest>,
) -> Result<Json<FactorReply>, ApiError> {
    caller.begin_factor(request).await.map(Json)
}

/// Makes the new second factor count, and ends the account's other sessions.
#[utoipa::path(post, path = "/v1/console/second-factor/confirm", tag = "caller", request_body = CodeRequest,
    responses((status = 200, body = MeReply), Errors))]
pub(super) async fn confirm_factor(
    InAnyStage(caller): InAnyStage,
    InBody(request): InBody<CodeRequest>,
) -> Result<Json<MeReply>, ApiError> {
    caller.confirm_factor(&request).await.map(Json)
}

/// Takes an account's second factor away, for one who lost his phone; its sessions end.
#[utoipa::path(post, path = "/v1/console/accounts/{id}/second-factor/reset", tag = "accounts",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = AccountRow), Errors))]
pub(super) async fn reset_factor(
    caller: StaffCaller,
    InPath(id): InPath<AccountId>,
) -> Result<Json<AccountRow>, ApiError> {
    caller.reset_factor(id).await.map(Json)
}

/// Sets whether the district's staff must have a second factor, from their next login on. For its administrators.
#[utoipa::path(post, path = "/v1/console/second-factor/policy", tag = "accounts", request_body = FactorPolicyRequest,
    responses((status = 200, body = MeReply), Errors))]
pub(super) async fn set_factor_policy(
    caller: StaffCaller,
    InBody(request): InBody<FactorPolicyRequest>,
) -> Result<Json<MeReply>, ApiError> {
    caller.set_factor_policy(&request).await.map(Json)
}
