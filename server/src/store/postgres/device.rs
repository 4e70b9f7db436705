//! Invites and devices in Postgres.

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::AuthorCard;

use super::account::read_account;
use super::row::{Columns, sql_text};
use super::{PostgresStore, from_sqlx, is_taken};
use crate::store::checksum::left_out;
use crate::store::device::{Seen, weigh_presences};
use crate::store::{
    Device, DeviceKey, DeviceOwner, DeviceStore, Invite, NewInvite, Presence, Redeemed, Redemption,
    StoreError,
};

#[async_trait]
impl DeviceStore for PostgresStore {
    async fn create_invite(&self, district: DistrictId, invite: &NewInvite) -> Result<bool, StoreError> {
        let created = sqlx::query(
            "INSERT INTO invites
                 (district_id, invite, secret_hash, account, purpose, created_by, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(district.0)
        .bind(invite.id.0)
        .bind(&invite.secret_hash[..])
        .bind(invite.account.0)
        .bind(sql_text(&invite.purpose))
        .bind(invite.created_by.map(|by| by.0))
        .bind(invite.created_at.0)
        .bind(invite.expires_at.0)
        .execute(&self.writer)
        .await;
        match created {
            Err(error) if is_taken(&error) => Ok(false),
            created => created.map(|_| true).map_err(from_sqlx),
        }
    }

    async fn list_invites(
        &self,
        district: DistrictId,
        account: AccountId,
    ) -> Result<Vec<Invite>, StoreError> {
        let rows = sqlx::query(
            "SELECT i.*, i.checksum IS NOT DISTINCT FROM i.said AS is_whole FROM invites i
             WHERE i.district_id = $1 AND i.account = $2 ORDER BY i.created_at DESC, i.invite",
        )
        .bind(district.0)
        .bind(account.0)
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_invite).collect()
    }

    async fn redeem_invite(&self, redemption: &Redemption) -> Result<Redeemed, StoreError> {
        let mut tx = self.begin().await?;
        // Held until the end: of many that ask at once one makes the device, and the others find it.
        let found = sqlx::query(
            "SELECT i.*, i.checksum IS NOT DISTINCT FROM i.said AS is_whole FROM invites i
             WHERE i.secret_hash = $1 FOR UPDATE",
        )
        .bind(&redemption.secret_hash[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        let Some(found) = found else { return Ok(Redeemed::Unknown) };
        let district = Columns::of("invites", &found).id("district_id")?;
        let invite = read_invite(&found)?;
        if let Some((_, device)) = invite.used {
            let owner = select_owner(&mut tx, Some(district), device).await?;
            return Ok(match owner {
                Some(owner) if owner.is_active() && owner.device.key.as_ref() == Some(&redemption.key) => {
                    Redeemed::Enrolled(Box::new(owner))
                }
                _ => Redeemed::Spent,
            });
        }
        if redemption.at >= invite.expires_at {
            return Ok(Redeemed::Expired);
        }
        insert_device(&mut tx, district, invite.account, redemption).await?;
        sqlx::query("UPDATE invites SET used_at = $1, used_by = $2 WHERE district_id = $3 AND invite = $4")
            .bind(redemption.at.0)
            .bind(redemption.device.0)
            .bind(district.0)
            .bind(invite.id.0)
            .execute(&mut *tx)
            .await
            .map_err(from_sqlx)?;
        match select_owner(&mut tx, Some(district), redemption.device).await? {
            Some(owner) if owner.is_active() => {
                tx.commit().await.map_err(from_sqlx)?;
                Ok(Redeemed::Enrolled(Box::new(owner)))
            }
            // The account was closed: the transaction ends without a commit and the invite stays as it was.
            _ => Ok(Redeemed::Spent),
        }
    }

    async fn ensure_console_device(
        &self,
        district: DistrictId,
        account: AccountId,
        new: DeviceId,
        at: Millis,
    ) -> Result<Device, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO devices (district_id, device, account, name, is_console, enrolled_at)
             VALUES ($1, $2, $3, '', true, $4) ON CONFLICT (district_id, account) WHERE is_console DO NOTHING",
        )
        .bind(district.0)
        .bind(new.0)
        .bind(account.0)
        .bind(at.0)
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        let row = sqlx::query(
            "SELECT d.*, d.last_seen_on::text AS last_seen_day, d.checksum IS NOT DISTINCT FROM d.said AS is_whole
             FROM devices d
             WHERE d.district_id = $1 AND d.account = $2 AND d.is_console",
        )
        .bind(district.0)
        .bind(account.0)
        .fetch_one(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        tx.commit().await.map_err(from_sqlx)?;
        read_device(&row)
    }

    async fn find_device(
        &self,
        district: DistrictId,
        device: DeviceId,
    ) -> Result<Option<DeviceOwner>, StoreError> {
        let mut reader = self.readers.acquire().await.map_err(from_sqlx)?;
        select_owner(&mut reader, Some(district), device).await
    }

    async fn locate_device(&self, device: DeviceId) -> Result<Option<DeviceOwner>, StoreError> {
        let mut reader = self.readers.acquire().await.map_err(from_sqlx)?;
        select_owner(&mut reader, None, device).await
    }

    async fn list_devices(
        &self,
        district: DistrictId,
        account: AccountId,
    ) -> Result<Vec<Device>, StoreError> {
        let rows = sqlx::query(
            "SELECT d.*, d.last_seen_on::text AS last_seen_day, d.checksum IS NOT DISTINCT FROM d.said AS is_whole
             FROM devices d
             WHERE d.district_id = $1 AND d.account = $2 ORDER BY d.enrolled_at, d.device",
        )
        .bind(district.0)
        .bind(account.0)
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_device).collect()
    }

    async fn list_phones(&self, district: DistrictId) -> Result<Vec<Device>, StoreError> {
        let rows = sqlx::query(
            "SELECT d.*, d.last_seen_on::text AS last_seen_day, d.checksum IS NOT DISTINCT FROM d.said AS is_whole
             FROM devices d
             WHERE d.district_id = $1 AND NOT d.is_console ORDER BY d.device",
        )
        .bind(district.0)
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().map(read_device).collect()
    }

    async fn note_presence(&self, presences: &[Presence]) -> Result<Vec<bool>, StoreError> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query(
            "SELECT d.district_id, d.device, d.last_proof_at, d.last_seen_on::text AS last_seen_day
             FROM unnest($1::uuid[], $2::uuid[]) AS asked (district_id, device)
             JOIN devices d ON d.district_id = asked.district_id AND d.device = asked.device
             ORDER BY d.district_id, d.device FOR NO KEY UPDATE OF d",
        )
        .bind(presences.iter().map(|presence| presence.district.0).collect::<Vec<_>>())
        .bind(presences.iter().map(|presence| presence.device.0).collect::<Vec<_>>())
        .fetch_all(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        let before = rows.iter().map(read_seen).collect::<Result<_, _>>()?;
        let (answers, seen) = weigh_presences(presences, before);
        sqlx::query(
            "UPDATE devices d SET last_proof_at = noted.proof_at, last_seen_on = noted.seen_on::date
             FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[])
                  AS noted (district_id, device, proof_at, seen_on)
             WHERE d.district_id = noted.district_id AND d.device = noted.device",
        )
        .bind(seen.keys().map(|(district, _)| district.0).collect::<Vec<_>>())
        .bind(seen.keys().map(|(_, device)| device.0).collect::<Vec<_>>())
        .bind(seen.values().map(|seen| seen.proof_at.map(|at| at.0)).collect::<Vec<_>>())
        .bind(seen.values().map(|seen| seen.on.map(|on| on.to_string())).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await
        .map_err(from_sqlx)?;
        tx.commit().await.map_err(from_sqlx)?;
        Ok(answers)
    }

    async fn revoke_device(
        &self,
        district: DistrictId,
        device: DeviceId,
        at: Millis,
    ) -> Result<bool, StoreError> {
        let revoked = sqlx::query(
            "UPDATE devices SET revoked_at = $1
             WHERE district_id = $2 AND device = $3 AND revoked_at IS NULL",
        )
        .bind(at.0)
        .bind(district.0)
        .bind(device.0)
        .execute(&self.writer)
        .await
        .map_err(from_sqlx)?;
        Ok(revoked.rows_affected() == 1)
    }

    async fn author_cards(
        &self,
        district: DistrictId,
        devices: &[DeviceId],
    ) -> Result<Vec<AuthorCard>, StoreError> {
        let rows = sqlx::query(
            "SELECT d.device, d.name AS device_name, a.name, a.member,
                    d.checksum IS NOT DISTINCT FROM d.said AND a.checksum IS NOT DISTINCT FROM a.said AS is_whole
             FROM devices d
             JOIN accounts a ON a.district_id = d.district_id AND a.account = d.account
             WHERE d.district_id = $1 AND d.device = ANY ($2) ORDER BY d.device",
        )
        .bind(district.0)
        .bind(devices.iter().map(|device| device.0).collect::<Vec<_>>())
        .fetch_all(&self.readers)
        .await
        .map_err(from_sqlx)?;
        rows.iter().filter_map(|row| read_card(row).transpose()).collect()
    }
}

async fn insert_device(
    tx: &mut PgConnection,
    district: DistrictId,
    account: AccountId,
    redemption: &Redemption,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO devices (district_id, device, account, algorithm, public_key, name, is_console, enrolled_at)
         VALUES ($1, $2, $3, $4, $5, $6, false, $7)",
    )
    .bind(district.0)
    .bind(redemption.device.0)
    .bind(account.0)
    .bind(redemption.key.algorithm.as_str())
    .bind(&redemption.key.public_key[..])
    .bind(sql_text(&redemption.device_name))
    .bind(redemption.at.0)
    .execute(tx)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// A device with its account and posts: one statement, so one instant.
async fn select_owner(
    connection: &mut PgConnection,
    district: Option<DistrictId>,
    device: DeviceId,
) -> Result<Option<DeviceOwner>, StoreError> {
    // Two texts and not one with "OR", so that both find their index.
    let sql = if district.is_some() {
        "SELECT d.district_id, d.device, d.algorithm, d.public_key, d.name AS device_name, d.is_console,
                d.enrolled_at, d.revoked_at, d.last_counter, d.last_epoch,
                d.last_seen_on::text AS last_seen_day, t.orgs_version, t.generation,
                d.checksum IS NOT DISTINCT FROM d.said AS device_is_whole,
                t.checksum IS NOT DISTINCT FROM t.said AS district_is_whole,
                a.*, a.checksum IS NOT DISTINCT FROM a.said AS is_whole,
                ARRAY(SELECT p.role || ' ' || p.org FROM posts p
                      WHERE p.district_id = a.district_id AND p.account = a.account) AS posts
         FROM devices d
         JOIN accounts a ON a.district_id = d.district_id AND a.account = d.account
         JOIN districts t ON t.district_id = d.district_id
         WHERE d.device = $1 AND d.district_id = $2"
    } else {
        "SELECT d.district_id, d.device, d.algorithm, d.public_key, d.name AS device_name, d.is_console,
                d.enrolled_at, d.revoked_at, d.last_counter, d.last_epoch,
                d.last_seen_on::text AS last_seen_day, t.orgs_version, t.generation,
                d.checksum IS NOT DISTINCT FROM d.said AS device_is_whole,
                t.checksum IS NOT DISTINCT FROM t.said AS district_is_whole,
                a.*, a.checksum IS NOT DISTINCT FROM a.said AS is_whole,
                ARRAY(SELECT p.role || ' ' || p.org FROM posts p
                      WHERE p.district_id = a.district_id AND p.account = a.account) AS posts
         FROM devices d
         JOIN accounts a ON a.district_id = d.district_id AND a.account = d.account
         JOIN districts t ON t.district_id = d.district_id
         WHERE d.device = $1"
    };
    let mut query = sqlx::query(sql).bind(device.0);
    if let Some(district) = district {
        query = query.bind(district.0);
    }
    let row = query.fetch_optional(connection).await.map_err(from_sqlx)?;
    row.as_ref().map(read_owner).transpose()
}

fn read_owner(row: &PgRow) -> Result<DeviceOwner, StoreError> {
    let columns = Columns::of("devices", row);
    columns.check("device_is_whole", "devices", "device")?;
    columns.check("district_is_whole", "districts", "district_id")?;
    Ok(DeviceOwner {
        device: read_device_named(&columns, "device_name")?,
        account: read_account(row)?,
        orgs_version: columns.int("orgs_version")?,
        generation: columns.array("generation")?,
    })
}

fn read_device(row: &PgRow) -> Result<Device, StoreError> {
    read_device_named(&Columns::whole("devices", row, "device")?, "name")
}

fn read_device_named(columns: &Columns<'_>, name: &str) -> Result<Device, StoreError> {
    let public_key: Option<Vec<u8>> = columns.get("public_key")?;
    let key = match public_key {
        Some(public_key) => Some(DeviceKey { algorithm: columns.word("algorithm")?, public_key }),
        None => None,
    };
    Ok(Device {
        id: columns.id("device")?,
        district: columns.id("district_id")?,
        account: columns.id("account")?,
        key,
        name: columns.get(name)?,
        is_console: columns.get("is_console")?,
        enrolled_at: columns.millis("enrolled_at")?,
        revoked_at: columns.millis_opt("revoked_at")?,
        last_counter: columns.int("last_counter")?,
        last_epoch: columns.int("last_epoch")?,
        last_seen_on: columns.word_opt("last_seen_day")?,
    })
}

fn read_seen(row: &PgRow) -> Result<((DistrictId, DeviceId), Seen), StoreError> {
    let columns = Columns::of("devices", row);
    let seen =
        Seen { proof_at: columns.millis_opt("last_proof_at")?, on: columns.word_opt("last_seen_day")? };
    Ok(((columns.id("district_id")?, columns.id("device")?), seen))
}

fn read_invite(row: &PgRow) -> Result<Invite, StoreError> {
    let columns = Columns::whole("invites", row, "invite")?;
    Ok(Invite {
        id: columns.id("invite")?,
        account: columns.id("account")?,
        purpose: columns.get("purpose")?,
        created_by: columns.id_opt("created_by")?,
        created_at: columns.millis("created_at")?,
        expires_at: columns.millis("expires_at")?,
        used: columns.millis_opt("used_at")?.zip(columns.id_opt("used_by")?),
    })
}

/// None for a card that is not what was written: a record is not held up by a name.
fn read_card(row: &PgRow) -> Result<Option<AuthorCard>, StoreError> {
    let columns = Columns::of("devices", row);
    if let Err(error) = columns.check("is_whole", "devices", "device") {
        left_out(&error);
        return Ok(None);
    }
    Ok(Some(AuthorCard {
        device: columns.id("device")?,
        name: columns.get("name")?,
        device_name: columns.get("device_name")?,
        member: columns.id_opt("member")?,
    }))
}
