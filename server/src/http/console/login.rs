//! Logging in, and who is logged in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::extract::InBody;
use super::openapi::Errors;
use crate::App;
use crate::console::StaffCaller;
use crate::console::account::AccountRow;
use crate::console::login::{self, LoginReply, LoginRequest};
use crate::error::ApiError;

/// Logs a staff member in for 30 minutes. After five failures within 15 minutes a login has to wait.
#[utoipa::path(post, path = "/v1/console/login", tag = "caller", security(()), request_body = LoginRequest,
    responses((status = 200, body = LoginReply), Errors))]
pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    InBody(request): InBody<LoginRequest>,
) -> Result<Json<LoginReply>, ApiError> {
    login::log_in(&app, request).await.map(Json)
}

/// The caller's own account with his posts.
#[utoipa::path(get, path = "/v1/console/me", tag = "caller", responses((status = 200, body = AccountRow), Errors))]
pub(super) async fn read_me(caller: StaffCaller) -> Json<AccountRow> {
    Json(caller.me())
}
