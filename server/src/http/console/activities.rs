//! Lists of activities.

use axum::Json;

use super::extract::InQuery;
use super::openapi::Errors;
use crate::console::StaffCaller;
use crate::console::activity_list::{ActivityQuery, ActivityRow, InboxPage};
use crate::console::paging::Page;
use crate::error::ApiError;

/// Activities in the caller's scope, newest first.
#[utoipa::path(get, path = "/v1/console/activities", tag = "records", params(ActivityQuery),
    responses((status = 200, body = Page<ActivityRow>), Errors))]
pub(super) async fn list_activities(
    caller: StaffCaller,
    InQuery(query): InQuery<ActivityQuery>,
) -> Result<Json<Page<ActivityRow>>, ApiError> {
    caller.list_activities(&query).await.map(Json)
}

/// What waits for a review in the caller's scope (`submitted`, unless another status is asked for): where somebody
/// must look first, then what was entered late, then the rest; each newest first.
#[utoipa::path(get, path = "/v1/console/inbox", tag = "records", params(ActivityQuery),
    responses((status = 200, body = InboxPage), Errors))]
pub(super) async fn read_inbox(
    caller: StaffCaller,
    InQuery(query): InQuery<ActivityQuery>,
) -> Result<Json<InboxPage>, ApiError> {
    caller.read_inbox(&query).await.map(Json)
}
