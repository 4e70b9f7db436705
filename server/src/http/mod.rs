//! The API on one screen.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::{get, post, put};

use crate::App;
use crate::error::ApiError;

mod blobs;
mod cbor;
mod console;
mod enrol;
pub mod frame;
mod health;
pub mod pages;
mod sync;
#[cfg(test)]
mod tests;
mod token;

pub use cbor::Cbor;
pub use health::Readiness;
pub use pages::Pages;

/// How long a request may take, its body included. A phone on a weak signal sends 4 MiB in less.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Every endpoint of the server, and these pages on every other path.
pub fn router(app: Arc<App>, pages: Pages) -> Router {
    let plain = probes().merge(console::routes()).merge(pages::routes(pages));
    let [phones, plain] = [protocol(), plain].map(|routes| routes.method_not_allowed_fallback(wrong_method));
    let (is_https, pictures) = (app.is_https(), app.blobs.origin().map(str::to_owned));
    let whole = frame::protocol(&app, phones).merge(frame::console(&app, plain)).with_state(app);
    whole.layer(map_response(move |response| ready(pages::secure(is_https, pictures.as_deref(), response))))
}

/// Without it axum answers 405 with no body at all.
async fn wrong_method() -> ApiError {
    ApiError::WrongMethod
}

/// What phones speak: CBOR both ways, see `domain/PROTOCOL.md`.
fn protocol() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/enrol", post(enrol::enrol_device))
        .route("/v1/token", post(token::renew_token))
        .route("/v1/sync", post(sync::exchange))
        .route("/v1/records/{record}/blobs/{hash}", get(blobs::read_whole))
        .route("/v1/records/{record}/blobs/{hash}/offset", get(blobs::read_progress))
        .route("/v1/records/{record}/blobs/{hash}/offset/{offset}", put(blobs::put_chunk))
}

/// What supervisors ask.
fn probes() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(health::is_alive)).route("/readyz", get(health::is_ready))
}
