//! `GET /metrics`, on a listener of its own: whoever reaches the phones' door learns nothing from it.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

use super::sample::Sampler;
use crate::App;

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

struct Shown {
    app: Arc<App>,
    handle: PrometheusHandle,
    sampler: Sampler,
}

/// The one page of that listener.
pub fn router(app: Arc<App>, handle: PrometheusHandle) -> Router {
    let shown = Arc::new(Shown { app, handle, sampler: Sampler::default() });
    Router::new().route("/metrics", get(show)).with_state(shown)
}

async fn show(State(shown): State<Arc<Shown>>) -> impl IntoResponse {
    shown.sampler.sample(&shown.app).await;
    ([(header::CONTENT_TYPE, TEXT)], shown.handle.render())
}
