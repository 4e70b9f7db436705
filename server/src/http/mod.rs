//! The API on one screen.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};

use crate::App;
use crate::error::ApiError;

mod cbor;
mod console;
mod enrol;
pub mod frame;
mod health;
mod sync;
#[cfg(test)]
mod tests;
mod token;

pub use cbor::Cbor;

/// How long a request may take, its body included. A phone on a weak signal sends 4 MiB in less.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Every endpoint of the server.
pub fn router(app: Arc<App>) -> Router {
    let plain = probes().merge(console::routes());
    let [phones, plain] = [protocol(), plain].map(|routes| routes.method_not_allowed_fallback(wrong_method));
    frame::protocol(&app, phones).merge(frame::console(&app, plain)).with_state(app)
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
}

/// What supervisors ask, and the answer to what nobody has.
fn probes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/health", get(health::is_alive))
        .route("/v1/ready", get(health::is_ready))
        .fallback(async || ApiError::NotFound)
}
