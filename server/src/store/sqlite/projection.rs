//! Projections in SQLite.

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use zhibu_domain::event::Status;
use zhibu_domain::ids::{DistrictId, OrgId, RecordId};

use super::row::{Columns, hex_list, sql_int};
use super::{SqliteStore, from_sqlx};
use crate::store::checksum::{broken, checksum_of_activity};
use crate::store::{
    ActivityFilter, DirtyRecord, Projected, ProjectedActivity, Projection, ProjectionStore, StoreError,
    WaitingCounts,
};

#[async_trait]
impl ProjectionStore for SqliteStore {
    async fn dirty_records(&self, district: DistrictId, limit: u32) -> Result<Vec<DirtyRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT r.record_id, r.kind, r.org, r.year, r.key, d.version
             FROM dirty_records d
             JOIN records r ON r.district_id = d.district_id AND r.record_id = d.record_id
             WHERE d.district_id = ? ORDER BY d.record_id LIMIT ?",
        )
        .bind(&district.bytes()[..])
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
            sqlx::query("DELETE FROM dirty_records WHERE district_id = ? AND record_id = ? AND version = ?")
                .bind(&district.bytes()[..])
                .bind(&projection.record.bytes()[..])
                .bind(sql_int(projection.version))
                .execute(&mut *tx)
                .await
                .map_err(from_sqlx)?;
        }
        tx.commit().await.map_err(from_sqlx)
    }

    async fn clear_projections(&self, district: DistrictId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statements = [
            "DELETE FROM projected_activities WHERE district_id = ?",
            "INSERT INTO dirty_records (district_id, record_id, version)
             SELECT district_id, record_id, version FROM records WHERE district_id = ?
             ON CONFLICT DO UPDATE SET version = excluded.version",
        ];
        for statement in statements {
            sqlx::query(statement).bind(&district.bytes()[..]).execute(&mut *tx).await.map_err(from_sqlx)?;
        }
        tx.commit().await.map_err(from_sqlx)
    }

    async fn claim_projection(&self, districts: &[DistrictId]) -> Result<Vec<DistrictId>, StoreError> {
        Ok(districts.to_vec())
    }

    async fn find_activity(
        &self,
        district: DistrictId,
        record: RecordId,
    ) -> Result<Option<ProjectedActivity>, StoreError> {
        let row = sqlx::query("SELECT * FROM projected_activities WHERE district_id = ? AND record_id = ?")
            .bind(&district.bytes()[..])
            .bind(&record.bytes()[..])
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
             WHERE district_id = ?1
               AND (?2 IS NULL OR org IN (SELECT unhex(value) FROM json_each(?2)))
               AND (?3 IS NULL OR year = ?3)
               AND (?4 IS NULL OR status = ?4)
               AND CASE ?5 WHEN 'cards' THEN cards > 0 WHEN 'late' THEN late = 1
                           WHEN 'quorum' THEN without_quorum + at_exactly_half > 0
                           WHEN 'votes' THEN vote_faults > 0 ELSE true END
               AND (?6 IS NULL OR instr(title, ?6) OR org IN (SELECT unhex(value) FROM json_each(?7)))
               AND (?8 IS NULL OR (sort_at >= ?8 AND sort_at < ?9))
               AND (?10 IS NULL OR (urgency, sort_at, record_id) < (?10, ?11, ?12))
             ORDER BY urgency DESC, sort_at DESC, record_id DESC LIMIT ?13"
        } else {
            "SELECT * FROM projected_activities
             WHERE district_id = ?1
               AND (?2 IS NULL OR org IN (SELECT unhex(value) FROM json_each(?2)))
               AND (?3 IS NULL OR year = ?3)
               AND (?4 IS NULL OR status = ?4)
               AND CASE ?5 WHEN 'cards' THEN cards > 0 WHEN 'late' THEN late = 1
                           WHEN 'quorum' THEN without_quorum + at_exactly_half > 0
                           WHEN 'votes' THEN vote_faults > 0 ELSE true END
               AND (?6 IS NULL OR instr(title, ?6) OR org IN (SELECT unhex(value) FROM json_each(?7)))
               AND (?8 IS NULL OR (sort_at >= ?8 AND sort_at < ?9))
               AND (?10 IS NULL OR (sort_at, record_id) < (?11, ?12))
             ORDER BY sort_at DESC, record_id DESC LIMIT ?13"
        };
        let list = |orgs: &[OrgId]| hex_list(orgs.iter().map(|org| &org.bytes()[..]));
        let rows = sqlx::query(sql)
            .bind(&district.bytes()[..])
            .bind(filter.orgs.as_deref().map(list))
            .bind(filter.year.map(i64::from))
            .bind(filter.status.map(|status| status.as_str()))
            .bind(filter.exception.map(|exception| exception.as_str()))
            .bind(filter.text.as_ref().map(|text| text.title.as_str()))
            .bind(filter.text.as_ref().map(|text| list(&text.orgs)))
            .bind(filter.between.map(|(from, _)| from.0))
            .bind(filter.between.map(|(_, to)| to.0))
            .bind(filter.after.map(|(urgency, ..)| i64::from(urgency)))
            .bind(filter.after.map(|(_, at, _)| at.0))
            .bind(filter.after.as_ref().map(|(.., record)| &record.bytes()[..]))
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
                    count(*) FILTER (WHERE late = 1) AS late,
                    count(*) FILTER (WHERE without_quorum + at_exactly_half > 0) AS quorum,
                    count(*) FILTER (WHERE vote_faults > 0) AS votes
             FROM projected_activities
             WHERE district_id = ?1 AND status = ?2
               AND (?3 IS NULL OR org IN (SELECT unhex(value) FROM json_each(?3)))",
        )
        .bind(&district.bytes()[..])
        .bind(Status::Submitted.as_str())
        .bind(orgs.map(|orgs| hex_list(orgs.iter().map(|org| &org.bytes()[..]))))
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

async fn put_activity(
    tx: &mut SqliteConnection,
    district: DistrictId,
    activity: &ProjectedActivity,
) -> Result<(), StoreError> {
    let kinds = serde_json::Value::from(activity.kinds.clone()).to_string();
    sqlx::query(
        "INSERT OR REPLACE INTO projected_activities
             (district_id, record_id, org, year, title, kinds, planned_at, held_from, status, present,
              should_attend, cards, late, without_quorum, vote_faults, at_exactly_half, facts, sort_at, urgency,
              checksum)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&district.bytes()[..])
    .bind(&activity.record.bytes()[..])
    .bind(&activity.org.bytes()[..])
    .bind(i64::from(activity.year))
    .bind(activity.title.as_deref())
    .bind(kinds)
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

fn read_activity(row: &SqliteRow) -> Result<ProjectedActivity, StoreError> {
    let columns = Columns::of("projected_activities", row);
    let activity = ProjectedActivity {
        record: columns.id("record_id")?,
        org: columns.id("org")?,
        year: columns.int("year")?,
        title: columns.get("title")?,
        kinds: serde_json::from_str(columns.get("kinds")?).map_err(|e| columns.corrupt(e))?,
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
