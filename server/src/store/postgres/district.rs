//! Districts and org trees in Postgres.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use zhibu_domain::ids::{DistrictId, OrgId};
use zhibu_domain::org::{Org, OrgType};
use zhibu_domain::time::Millis;

use super::row::{Columns, sql_text};
use super::{PostgresStore, from_sqlx, is_taken};
use crate::store::{District, DistrictStore, StoreError};

#[async_trait]
impl DistrictStore for PostgresStore {
    async fn found_district(&self, district: &District, founded_at: Millis) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let founded = sqlx::query(
            "INSERT INTO districts (district_id, name, naming, generation, token_secret, factor_policy, founded_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(district.id.0)
        .bind(sql_text(&district.name))
        .bind(district.naming.as_str())
        .bind(&district.generation[..])
        .bind(&district.token_secret[..])
        .bind(district.factor_policy.as_str())
        .bind(founded_at.0)
        .execute(&mut *tx)
        .await;
        match founded {
            Err(error) if is_taken(&error) => return Ok(false),
            founded => founded.map_err(from_sqlx)?,
        };
        sqlx::query(
            "INSERT INTO orgs (district_id, org, parent, org_type, name) VALUES ($1, $1, NULL, $2, $3)",
        )
        .bind(district.id.0)
        .bind(OrgType::District.as_str())
        .bind(sql_text(&district.name))
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(true)
    }

    async fn list_districts(&self) -> Result<Vec<District>, StoreError> {
        let rows = sqlx::query(
            "SELECT t.*, t.checksum IS NOT DISTINCT FROM t.said AS is_whole FROM districts t ORDER BY t.district_id",
        )
            .fetch_all(&self.readers)
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(read_district).collect()
    }

    async fn find_district(&self, district: DistrictId) -> Result<Option<District>, StoreError> {
        let row = sqlx::query(
            "SELECT t.*, t.checksum IS NOT DISTINCT FROM t.said AS is_whole FROM districts t
             WHERE t.district_id = $1",
        )
        .bind(district.0)
        .fetch_optional(&self.readers)
        .await
        .map_err(from_sqlx)?;
        row.as_ref().map(read_district).transpose()
    }

    async fn renew_generation(
        &self,
        district: DistrictId,
        generation: [u8; 16],
        epoch: u32,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE districts SET generation = $1 WHERE district_id = $2")
            .bind(&generation[..])
            .bind(district.0)
            .execute(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        sqlx::query(
            "UPDATE devices SET last_epoch = greatest(last_epoch + 1, $1) WHERE district_id = $2 AND is_console",
        )
        .bind(i64::from(epoch))
        .bind(district.0)
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        tx.commit().await.map_err(from_sqlx)
    }

    async fn put_orgs(&self, district: DistrictId, orgs: &[Org]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // First, because it holds the district's row: whoever puts orgs beside this call waits here.
        sqlx::query("UPDATE districts SET orgs_version = orgs_version + 1 WHERE district_id = $1")
            .bind(district.0)
            .execute(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        sqlx::query(
            "INSERT INTO orgs (district_id, org, parent, org_type, name, position)
             SELECT DISTINCT ON (org) $1, org, parent, org_type, name,
                    (SELECT max(position) FROM orgs WHERE district_id = $1) + place
             FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) WITH ORDINALITY
                  AS put (org, parent, org_type, name, place)
             ORDER BY org, place DESC
             ON CONFLICT (district_id, org) DO UPDATE SET
                 parent = excluded.parent, org_type = excluded.org_type, name = excluded.name",
        )
        .bind(district.0)
        .bind(orgs.iter().map(|org| org.id.0).collect::<Vec<_>>())
        .bind(orgs.iter().map(|org| org.parent.map(|parent| parent.0)).collect::<Vec<_>>())
        .bind(orgs.iter().map(|org| org.org_type.as_str()).collect::<Vec<_>>())
        .bind(orgs.iter().map(|org| sql_text(&org.name).into_owned()).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        tx.commit().await.map_err(from_sqlx)
    }

    async fn list_orgs(&self, district: DistrictId) -> Result<Vec<Org>, StoreError> {
        let rows = sqlx::query(
            "SELECT o.org, o.parent, o.org_type, o.name, o.checksum IS NOT DISTINCT FROM o.said AS is_whole
             FROM orgs o WHERE o.district_id = $1 ORDER BY o.position, o.org",
        )
        .bind(district.0)
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_org).collect()
    }
}

fn read_district(row: &PgRow) -> Result<District, StoreError> {
    let columns = Columns::whole("districts", row, "district_id")?;
    Ok(District {
        id: columns.id("district_id")?,
        name: columns.get("name")?,
        naming: columns.word("naming")?,
        generation: columns.array("generation")?,
        token_secret: columns.array("token_secret")?,
        factor_policy: columns.word("factor_policy")?,
        orgs_version: columns.int("orgs_version")?,
    })
}

fn read_org(row: &PgRow) -> Result<Org, StoreError> {
    let columns = Columns::whole("orgs", row, "org")?;
    Ok(Org {
        id: columns.id::<OrgId>("org")?,
        parent: columns.id_opt("parent")?,
        org_type: columns.word("org_type")?,
        name: columns.get("name")?,
    })
}
