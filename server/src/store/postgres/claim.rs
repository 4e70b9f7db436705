//! Which server projects which district: an advisory lock, on a connection that is kept for nothing else. It ends with
//! that connection, however the process ends, and the next server that asks has the district.

use std::collections::HashSet;

use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions as _, Connection as _};
use uuid::Uuid;
use zhibu_domain::ids::DistrictId;

use super::{PostgresStore, from_sqlx};
use crate::store::StoreError;

/// The claims of this server, and what they hang on.
#[derive(Debug, Default)]
pub(super) struct Claims {
    connection: Option<PgConnection>,
    held: HashSet<DistrictId>,
}

/// Claims those of these districts that nobody else has; answers all that this server has.
pub(super) async fn claim(
    store: &PostgresStore,
    districts: &[DistrictId],
) -> Result<Vec<DistrictId>, StoreError> {
    let mut claims = store.claims.lock().await;
    let claimed = claims.extend(store, districts).await;
    if claimed.is_err() {
        // The locks may be gone with the connection: what comes next begins anew.
        *claims = Claims::default();
    }
    claimed
}

/// Gives every claim back.
pub(super) async fn release(store: &PostgresStore) {
    let claims = std::mem::take(&mut *store.claims.lock().await);
    if let Some(connection) = claims.connection {
        // If that fails the connection is gone, and the locks with it.
        let _ = connection.close().await;
    }
}

impl Claims {
    async fn extend(
        &mut self,
        store: &PostgresStore,
        districts: &[DistrictId],
    ) -> Result<Vec<DistrictId>, StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(store.readers.connect_options().connect().await.map_err(from_sqlx)?),
        };
        let unclaimed: Vec<_> =
            districts.iter().filter(|id| !self.held.contains(*id)).map(|id| id.0).collect();
        // Asked also when there is nothing to claim: the answer shows that the connection, and so each lock, is there.
        let new = sqlx::query_scalar::<_, Uuid>(
            "SELECT district_id FROM unnest($1::uuid[]) AS unclaimed (district_id)
             WHERE pg_try_advisory_lock(hashtextextended('projector of ' || district_id, 0))",
        )
        .bind(unclaimed)
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
        self.held.extend(new.into_iter().map(DistrictId));
        Ok(districts.iter().filter(|district| self.held.contains(*district)).copied().collect())
    }
}
