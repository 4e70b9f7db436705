//! Whether the process lives, and whether it can work.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use zhibu_domain::wire::{OLDEST_PROTOCOL, PROTOCOL};

use crate::App;
use crate::error::ApiError;

/// `GET /v1/health`: the process answers.
pub(super) async fn is_alive() -> Json<Value> {
    Json(json!({ "protocol": PROTOCOL, "oldest_protocol": OLDEST_PROTOCOL }))
}

/// `GET /v1/ready`: the store can be read and written.
pub(super) async fn is_ready(State(app): State<Arc<App>>) -> Result<Json<Value>, ApiError> {
    app.store.ping().await?;
    Ok(Json(json!({ "ready": true })))
}
