//! Whether the process lives, and whether it can work. For supervisors and balancers: anybody may ask, so neither costs
//! much nor tells more than yes or no. What is wrong is in the log.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use zhibu_domain::wire::{OLDEST_PROTOCOL, PROTOCOL};

use crate::App;
use crate::error::ApiError;

/// For how long an answer holds: so long nobody who asks again reaches the database.
const HOLDS: std::time::Duration = std::time::Duration::from_secs(1);

/// Whether the server can work, as it was found last.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Looks, unless somebody looked a moment ago; meanwhile others wait for that answer.
    async fn look(&self, app: &App) -> bool {
        let mut last = self.0.lock().await;
        if let Some((_, found)) = last.filter(|(at, _)| at.elapsed() < HOLDS) {
            return found;
        }
        let found = match app.store.ping().await {
            Ok(()) => app.ledger.is_alive(),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "not ready");
                false
            }
        };
        *last = Some((Instant::now(), found));
        found
    }
}

/// `GET /healthz`: the process answers.
pub(super) async fn is_alive() -> Json<Value> {
    Json(json!({ "protocol": PROTOCOL, "oldest_protocol": OLDEST_PROTOCOL }))
}

/// `GET /readyz`: the store can be read and written, and the writer takes work.
pub(super) async fn is_ready(State(app): State<Arc<App>>) -> Result<Json<Value>, ApiError> {
    if app.readiness.look(&app).await { Ok(Json(json!({ "ready": true }))) } else { Err(ApiError::Busy) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::BlobPlace;
    use crate::clock::{SeededEntropy, TestClock};
    use crate::store::conformance::NOW;
    use crate::store::sqlite::SqliteStore;

    #[test]
    fn a_server_whose_writer_is_gone_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (first, second) = (runtime(), runtime());
        let app = first.block_on(async {
            let store = SqliteStore::open(&folder.path().join("zhibu.db")).await.unwrap();
            let (clock, chance) = (TestClock::new(NOW), SeededEntropy::new(1));
            let blobs = BlobPlace::folder(folder.path()).unwrap();
            App::new(Arc::new(store), Arc::new(clock), Arc::new(chance), "http://zhibu", blobs)
        });
        assert!(first.block_on(app.readiness.look(&app)));
        // The writer is a task of the runtime that the server was started in, and ends with it.
        first.shutdown_timeout(std::time::Duration::from_secs(5));
        second.block_on(app.store.ping()).expect("the store is as well as before");
        assert!(!second.block_on(Readiness::default().look(&app)));
    }
}
