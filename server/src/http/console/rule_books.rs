//! Rule books.

use axum::Json;
use axum::http::StatusCode;

use super::extract::InToml;
use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::rule_book::AdoptedRuleBook;
use crate::error::ApiError;

/// Adopts a rule book in TOML. One with faults is refused with all of them, each with its line and reason.
#[utoipa::path(post, path = "/v1/console/rule-books", tag = "rule books",
    request_body(content = String, content_type = "application/toml"),
    responses((status = 201, body = AdoptedRuleBook), Errors))]
pub(super) async fn adopt_rule_book(
    caller: StaffCaller,
    InToml(toml): InToml,
) -> Result<(StatusCode, Json<AdoptedRuleBook>), ApiError> {
    let adopted = caller.adopt_rule_book(&toml).await?;
    Ok((StatusCode::CREATED, Json(adopted)))
}
