//! The contract, on Postgres.

use std::path::Path;
use std::sync::Arc;

use crate::databases::{has_postgres, postgres_database};
use crate::store::Store;
use crate::store::conformance::conformance;

async fn open(folder: &Path) -> Arc<dyn Store> {
    postgres_database(folder).await.open().await.unwrap()
}

conformance!(open, or_skip: has_postgres());
