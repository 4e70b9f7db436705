//! Projections in Postgres.

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;
use zhibu_domain::event::Status;
use zhibu_domain::ids::{DistrictId, OrgId, RecordId};

use super::row::{Columns, sql_int, sql_text};
use super::{PostgresStore, claim, from_sqlx};
use crate::store::checksum::{broken, checksum_of_activity};
use crate::store::{
    ActivityFilter, DirtyRecord, Projected, ProjectedActivity, Projection, ProjectionStore, StoreError,
    WaitingCounts,
};

#[async_trait]
impl ProjectionStore for PostgresStore {
    async fn dirty_records(&self, district: DistrictId, limit: u32) -> Result<Vec<DirtyRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT r.record_id, r.kind, r.org, r.year, r.key, d.version
             FROM dirty_records d
             JOIN records r ON r.district_id = d.district_id AND r.record_id = d.record_id
             WHERE d.district_id = $1 ORDER BY d.record_id LIMIT $2",
        )
        .bind(district.0)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        let read = |row| {
            let columns = Columns::of("dirty_records", row);
            Ok(DirtyRecord { reference: columns.record()?, version: columns.int("version")? })
        };
        rows.iter().map(read).collect()
    }

    async fn project(&self, district: DistrictId, projections: &[Projection]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for projection in projections {
            match &projection.row {
                Projected::Activity(activity) => put_activity(&mut tx, district, activity).await?,
                Projected::Nothing => {}
            }
        }
        // In the order in which a commit marks them, so that the two never wait for each other.
        let mut seen: Vec<_> = projections.iter().map(|p| (p.record.0, sql_int(p.version))).collect();
        seen.sort_unstable();
        sqlx::query(
            "WITH seen AS (
                 SELECT d.record_id
                 FROM unnest($2::uuid[], $3::bigint[]) AS s (record_id, version)
                 JOIN dirty_records d ON d.district_id = $1 AND d.record_id = s.record_id
                      AND d.version = s.version
                 ORDER BY d.record_id FOR UPDATE OF d
             )
             DELETE FROM dirty_records d USING seen WHERE d.district_id = $1 AND d.record_id = seen.record_id",
        )
        .bind(district.0)
        .bind(seen.iter().map(|(record, _)| *record).collect::<Vec<_>>())
        .bind(seen.iter().map(|(_, version)| *version).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        tx.commit().await.map_err(from_sqlx)
    }

    async fn clear_projections(&self, district: DistrictId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statements = [
            "DELETE FROM projected_activities WHERE district_id = $1",
            "INSERT INTO dirty_records (district_id, record_id, version)
             SELECT district_id, record_id, version FROM records WHERE district_id = $1 ORDER BY record_id
             ON CONFLICT (district_id, record_id)
             DO UPDATE SET version = greatest(dirty_records.version, excluded.version)",
        ];
        for statement in statements {
            sqlx::query(statement).bind(district.0).execute(&mut *tx).await.map_err(from_sqlx)?;
        }
        tx.commit().await.map_err(from_sqlx)
    }

    async fn claim_projection(&self, districts: &[DistrictId]) -> Result<Vec<DistrictId>, StoreError> {
        claim::claim(self, districts).await
    }

    async fn find_activity(
        &self,
        district: DistrictId,
        record: RecordId,
    ) -> Result<Option<ProjectedActivity>, StoreError> {
        let row = sqlx::query("SELECT * FROM projected_activities WHERE district_id = $1 AND record_id = $2")
            .bind(district.0)
            .bind(record.0)
            .fetch_optional(&self.readers)
            .await
            .map_err(from_sqlx)?;
        row.as_ref().map(read_activity).transpose()
    }

    async fn list_activities(
        &self,
        district: DistrictId,
        filter: &ActivityFilter,
    ) -> Result<Vec<ProjectedActivity>, StoreError> {
        // Two texts and not one with "OR", so that both find their index.
        let sql = if filter.urgent_first {
            "SELECT * FROM projected_activities
             WHERE district_id = $1
               AND ($2 IS NULL OR org = ANY ($2))
               AND ($3 IS NULL OR year = $3)
               AND ($4 IS NULL OR status = $4)
               AND CASE $5 WHEN 'cards' THEN cards > 0 WHEN 'late' THEN late
                           WHEN 'quorum' THEN without_quorum + at_exactly_half > 0
                           WHEN 'votes' THEN vote_faults > 0 ELSE true END
               AND ($6 IS NULL OR strpos(title, $6) > 0 OR org = ANY ($7))
               AND ($8 IS NULL OR (sort_at >= $8 AND sort_at < $9))
               AND ($10 IS NULL OR (urgency, sort_at, record_id) < ($10, $11, $12))
             ORDER BY urgency DESC, sort_at DESC, record_id DESC LIMIT $13"
        } else {
            "SELECT * FROM projected_activities
             WHERE district_id = $1
               AND ($2 IS NULL OR org = ANY ($2))
               AND ($3 IS NULL OR year = $3)
               AND ($4 IS NULL OR status = $4)
               AND CASE $5 WHEN 'cards' THEN cards > 0 WHEN 'late' THEN late
                           WHEN 'quorum' THEN without_quorum + at_exactly_half > 0
                           WHEN 'votes' THEN vote_faults > 0 ELSE true END
               AND ($6 IS NULL OR strpos(title, $6) > 0 OR org = ANY ($7))
               AND ($8 IS NULL OR (sort_at >= $8 AND sort_at < $9))
               AND ($10 IS NULL OR (sort_at, record_id) < ($11, $12))
             ORDER BY sort_at DESC, record_id DESC LIMIT $13"
        };
        let rows = sqlx::query(sql)
            .bind(district.0)
            .bind(filter.orgs.as_deref().map(uuids))
            .bind(filter.year.map(i32::from))
            .bind(filter.status.map(|status| status.as_str()))
            .bind(filter.exception.map(|exception| exception.as_str()))
            .bind(filter.text.as_ref().map(|text| sql_text(&text.title)))
            .bind(filter.text.as_ref().map(|text| uuids(&text.orgs)))
            .bind(filter.between.map(|(from, _)| from.0))
            .bind(filter.between.map(|(_, to)| to.0))
            .bind(filter.after.map(|(urgency, ..)| i64::from(urgency)))
            .bind(filter.after.map(|(_, at, _)| at.0))
            .bind(filter.after.map(|(.., record)| record.0))
            .bind(i64::from(filter.limit))
            .fetch_all(&self.readers)
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(read_activity).collect()
    }

    async fn count_waiting(
        &self,
        district: DistrictId,
        orgs: Option<&[OrgId]>,
    ) -> Result<WaitingCounts, StoreError> {
        let row = sqlx::query(
            "SELECT count(*) AS waiting, count(*) FILTER (WHERE cards > 0) AS cards,
                    count(*) FILTER (WHERE late) AS late,
                    count(*) FILTER (WHERE without_quorum + at_exactly_half > 0) AS quorum,
                    count(*) FILTER (WHERE vote_faults > 0) AS votes
             FROM projected_activities
             WHERE district_id = $1 AND status = $2 AND ($3 IS NULL OR org = ANY ($3))",
        )
        .bind(district.0)
        .bind(Status::Submitted.as_str())
        .bind(orgs.map(uuids))
        .fetch_one(&self.readers)
        .await
        .map_err(from_sqlx)?;
        let columns = Columns::of("projected_activities", &row);
        Ok(WaitingCounts {
            waiting: columns.int("waiting")?,
            cards: columns.int("cards")?,
            late: columns.int("late")?,
            quorum: columns.int("quorum")?,
            votes: columns.int("votes")?,
        })
    }
}

fn uuids(orgs: &[OrgId]) -> Vec<Uuid> {
    orgs.iter().map(|org| org.0).collect()
}

async fn put_activity(
    tx: &mut PgConnection,
    district: DistrictId,
    activity: &ProjectedActivity,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO projected_activities
             (district_id, record_id, org, year, title, kinds, planned_at, held_from, status, present,
              should_attend, cards, late, without_quorum, vote_faults, at_exactly_half, facts, sort_at, urgency,
              checksum)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
         ON CONFLICT (district_id, record_id) DO UPDATE SET
             title = excluded.title, kinds = excluded.kinds, planned_at = excluded.planned_at,
             held_from = excluded.held_from, status = excluded.status, present = excluded.present,
             should_attend = excluded.should_attend, cards = excluded.cards, late = excluded.late,
             without_quorum = excluded.without_quorum, vote_faults = excluded.vote_faults,
             at_exactly_half = excluded.at_exactly_half, facts = excluded.facts, sort_at = excluded.sort_at,
             urgency = excluded.urgency, checksum = excluded.checksum",
    )
    .bind(district.0)
    .bind(activity.record.0)
    .bind(activity.org.0)
    .bind(i32::from(activity.year))
    .bind(activity.title.as_deref().map(sql_text))
    .bind(&activity.kinds)
    .bind(activity.planned_at.map(|at| at.0))
    .bind(activity.held_from.map(|at| at.0))
    .bind(activity.status.as_str())
    .bind(i64::from(activity.present))
    .bind(i64::from(activity.should_attend))
    .bind(i64::from(activity.cards))
    .bind(activity.late)
    .bind(i64::from(activity.without_quorum))
    .bind(i64::from(activity.vote_faults))
    .bind(i64::from(activity.at_exactly_half))
    .bind(&activity.facts[..])
    .bind(activity.sort_at().0)
    .bind(i64::from(activity.urgency()))
    .bind(checksum_of_activity(activity))
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

fn read_activity(row: &PgRow) -> Result<ProjectedActivity, StoreError> {
    let columns = Columns::of("projected_activities", row);
    let activity = ProjectedActivity {
        record: columns.id("record_id")?,
        org: columns.id("org")?,
        year: columns.int("year")?,
        title: columns.get("title")?,
        kinds: columns.get("kinds")?,
        planned_at: columns.millis_opt("planned_at")?,
        held_from: columns.millis_opt("held_from")?,
        status: columns.word("status")?,
        present: columns.int("present")?,
        should_attend: columns.int("should_attend")?,
        cards: columns.int("cards")?,
        late: columns.get("late")?,
        without_quorum: columns.int("without_quorum")?,
        vote_faults: columns.int("vote_faults")?,
        at_exactly_half: columns.int("at_exactly_half")?,
        facts: columns.get("facts")?,
    };
    let checksum: Option<i64> = columns.get("checksum")?;
    let stands = (columns.millis("sort_at")?, columns.int("urgency")?);
    let is_whole = stands == (activity.sort_at(), activity.urgency())
        && checksum.is_none_or(|checksum| checksum == checksum_of_activity(&activity));
    if is_whole { Ok(activity) } else { Err(broken("projected_activities", activity.record)) }
}
