//! Accounts: for district administrators, and township staff for their branches.

use axum::Json;
use axum::http::StatusCode;
use zhibu_domain::ids::AccountId;

use super::extract::{InBody, InPath, InQuery};
use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::account::{
    AccountQuery, AccountRow, DisableRequest, OpenAccountRequest, PasswordRequest, PostsRequest,
};
use crate::console::paging::Page;
use crate::error::ApiError;

/// Accounts of which the caller disposes, in the district's order of orgs.
#[utoipa::path(get, path = "/v1/console/accounts", tag = "accounts", params(AccountQuery),
    responses((status = 200, body = Page<AccountRow>), Errors))]
pub(super) async fn list_accounts(
    caller: StaffCaller,
    InQuery(query): InQuery<AccountQuery>,
) -> Result<Json<Page<AccountRow>>, ApiError> {
    caller.list_accounts(&query).await.map(Json)
}

/// Opens an account.
#[utoipa::path(post, path = "/v1/console/accounts", tag = "accounts", request_body = OpenAccountRequest,
    responses((status = 201, body = AccountRow), Errors))]
pub(super) async fn open_account(
    caller: StaffCaller,
    InBody(request): InBody<OpenAccountRequest>,
) -> Result<(StatusCode, Json<AccountRow>), ApiError> {
    let account = caller.open_account(request).await?;
    Ok((StatusCode::CREATED, Json(account)))
}

/// Replaces an account's posts.
#[utoipa::path(post, path = "/v1/console/accounts/{id}/posts", tag = "accounts",
    params(("id" = String, Path, format = "uuid")), request_body = PostsRequest,
    responses((status = 200, body = AccountRow), Errors))]
pub(super) async fn set_posts(
    caller: StaffCaller,
    InPath(id): InPath<AccountId>,
    InBody(request): InBody<PostsRequest>,
) -> Result<Json<AccountRow>, ApiError> {
    caller.set_posts(id, &request).await.map(Json)
}

/// Gives an account with a login a new password.
#[utoipa::path(post, path = "/v1/console/accounts/{id}/password", tag = "accounts",
    params(("id" = String, Path, format = "uuid")), request_body = PasswordRequest,
    responses((status = 200, body = AccountRow), Errors))]
pub(super) async fn set_password(
    caller: StaffCaller,
    InPath(id): InPath<AccountId>,
    InBody(request): InBody<PasswordRequest>,
) -> Result<Json<AccountRow>, ApiError> {
    caller.set_password(id, request).await.map(Json)
}

/// Closes an account or opens it again; its devices stop with it at once.
#[utoipa::path(post, path = "/v1/console/accounts/{id}/disable", tag = "accounts",
    params(("id" = String, Path, format = "uuid")), request_body = DisableRequest,
    responses((status = 200, body = AccountRow), Errors))]
pub(super) async fn set_disabled(
    caller: StaffCaller,
    InPath(id): InPath<AccountId>,
    InBody(request): InBody<DisableRequest>,
) -> Result<Json<AccountRow>, ApiError> {
    caller.set_disabled(id, &request).await.map(Json)
}
