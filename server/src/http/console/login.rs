//! Logging in and out, and who is logged in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};

use super::extract::{InAnyStage, InBody};
use super::openapi::Errors;
use crate::App;
use crate::auth::session;
use crate::console::login::{self, LoginReply, LoginRequest, MeReply};
use crate::error::ApiError;

/// Logs a staff member in. After five failures within 15 minutes a login has to wait.
///
/// A browser sends `browser: true` and gets its token as a cookie (HttpOnly, SameSite=Strict); with each later request
/// it sends the header `Zhibu-Console: 1`. A program gets the token in the body and sends it as `Authorization: Bearer`.
/// A session ends after 30 minutes without a request (each one moves it) and after 12 hours in any case.
#[utoipa::path(post, path = "/v1/console/login", tag = "caller", security(()), request_body = LoginRequest,
    responses((status = 200, body = LoginReply), Errors))]
pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    InBody(request): InBody<LoginRequest>,
) -> Result<(HeaderMap, Json<LoginReply>), ApiError> {
    let is_browser = request.browser;
    let mut reply = login::log_in(&app, request).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    if let Some(token) = reply.token.take_if(|_| is_browser) {
        headers.insert(header::SET_COOKIE, session::set_cookie(&app, &token)?);
    }
    Ok((headers, Json(reply)))
}

/// Ends the session at once.
#[utoipa::path(post, path = "/v1/console/logout", tag = "caller", responses((status = 204), Errors))]
pub(super) async fn log_out(
    State(app): State<Arc<App>>,
    InAnyStage(caller): InAnyStage,
) -> Result<(StatusCode, HeaderMap), ApiError> {
    caller.log_out().await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, session::clear_cookie(&app)?);
    Ok((StatusCode::NO_CONTENT, headers))
}

/// The caller's own account with his posts, and until when his session lasts. Asking keeps it alive: a page asks
/// every few minutes while somebody types.
#[utoipa::path(get, path = "/v1/console/me", tag = "caller", responses((status = 200, body = MeReply), Errors))]
pub(super) async fn read_me(InAnyStage(caller): InAnyStage) -> Result<Json<MeReply>, ApiError> {
    caller.me().await.map(Json)
}
