//! The console API on one screen: JSON, for staff with a session of `POST /v1/console/login`.
//!
//! A handler takes the request apart, asks [`crate::console`], and replies. Its documentation is the OpenAPI
//! document at `GET /v1/openapi.json`, which is computed from these routes and kept in `server/openapi.json`.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

mod accounts;
mod activities;
mod audit;
mod devices;
mod districts;
mod events;
mod extract;
mod login;
mod openapi;
mod orgs;
mod points;
mod quarantine;
mod records;
mod rule_books;
mod second_factor;
#[cfg(test)]
mod tests;

/// Largest request body in bytes: a rule book with plenty of room; everything else is a few fields.
const MAX_BODY_BYTES: usize = 256 << 10;

/// The document as it is served and committed.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut text = documented().into_openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
});

/// Every endpoint of the console.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::from(documented())
        .route("/v1/openapi.json", get(openapi::read_document))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::Frame::openapi())
        // Who I am.
        .routes(routes!(login::log_in))
        .routes(routes!(login::log_out))
        .routes(routes!(login::read_me))
        .routes(routes!(second_factor::begin_factor))
        .routes(routes!(second_factor::confirm_factor))
        // What I see.
        .routes(routes!(orgs::list_orgs))
        .routes(routes!(orgs::read_overview))
        .routes(routes!(districts::read_district))
        .routes(routes!(activities::read_inbox))
        .routes(routes!(activities::list_activities))
        .routes(routes!(records::read_record))
        .routes(routes!(records::read_history))
        .routes(routes!(records::export_record))
        .routes(routes!(records::read_photo))
        .routes(routes!(points::read_points))
        .routes(routes!(points::read_member_ledger))
        .routes(routes!(points::read_roster))
        // What I decide.
        .routes(routes!(records::review_record))
        .routes(routes!(quarantine::list_quarantine))
        .routes(routes!(quarantine::read_quarantined))
        .routes(routes!(quarantine::admit_quarantined))
        .routes(routes!(quarantine::dismiss_quarantined))
        .routes(routes!(rule_books::adopt_rule_book))
        // Who else may.
        .routes(routes!(accounts::list_accounts, accounts::open_account))
        .routes(routes!(accounts::set_posts))
        .routes(routes!(accounts::set_password))
        .routes(routes!(accounts::set_disabled))
        .routes(routes!(second_factor::reset_factor))
        .routes(routes!(second_factor::set_factor_policy))
        .routes(routes!(devices::invite_device))
        .routes(routes!(devices::list_devices))
        .routes(routes!(devices::list_all_devices))
        .routes(routes!(devices::revoke_device))
        .routes(routes!(audit::read_audit))
        // What happens.
        .routes(routes!(events::listen))
}
