-- Checksums: a bit that a disk turned in a row is seen before the row is served.
--
-- `said` is what a row says, computed whenever it is read; `checksum` is what it said when it was last written. SQLite has
-- no hash of its own, so that is the whole text. Whoever reads a row compares them. The database keeps the checksums
-- itself, so that no statement can forget one; and none is made anew of a row that was damaged before, or else the next
-- write would hide the damage. Without one is what proves itself: bytes under their hash, the audit chain, packs and
-- dictionaries; and what is only a note of work to be done, or can be computed again (dirty_records, loose_blobs,
-- record_indexes, records.packed).
--
-- Who adds a column to one of these tables adds it to what its rows say.

-- The posts as they were put: a post that is missing is seen, too.
ALTER TABLE accounts ADD COLUMN posts_said TEXT NOT NULL DEFAULT '';
UPDATE accounts SET posts_said = coalesce((
    SELECT group_concat(post, ' ') FROM (
        SELECT p.role || ' ' || lower(hex(p.org)) AS post FROM posts p
        WHERE p.district_id = accounts.district_id AND p.account = accounts.account ORDER BY post)), '');

ALTER TABLE districts ADD COLUMN said TEXT GENERATED ALWAYS AS (json_array(
    hex(district_id), name, naming, hex(generation), hex(token_secret), orgs_version, founded_at,
    factor_policy)) VIRTUAL;
ALTER TABLE districts ADD COLUMN checksum TEXT;
UPDATE districts SET checksum = said;
CREATE TRIGGER districts_added AFTER INSERT ON districts BEGIN
    UPDATE districts SET checksum = said WHERE district_id = NEW.district_id;
END;
CREATE TRIGGER districts_changed AFTER UPDATE ON districts WHEN OLD.checksum IS OLD.said BEGIN
    UPDATE districts SET checksum = said WHERE district_id = NEW.district_id;
END;

ALTER TABLE orgs ADD COLUMN said TEXT GENERATED ALWAYS AS (json_array(
    hex(district_id), hex(org), hex(parent), org_type, name, position)) VIRTUAL;
ALTER TABLE orgs ADD COLUMN checksum TEXT;
UPDATE orgs SET checksum = said;
CREATE TRIGGER orgs_added AFTER INSERT ON orgs BEGIN
    UPDATE orgs SET checksum = said WHERE district_id = NEW.district_id AND org = NEW.org;
END;
CREATE TRIGGER orgs_changed AFTER UPDATE ON orgs WHEN OLD.checksum IS OLD.said BEGIN
    UPDATE orgs SET checksum = said WHERE district_id = NEW.district_id AND org = NEW.org;
END;

ALTER TABLE accounts ADD COLUMN said TEXT GENERATED ALWAYS AS (json_array(
    hex(district_id), hex(account), login, password_hash, name, hex(member), hex(org),
    profile_version, created_at, disabled_at, hex(factor_secret), factor_since, factor_step,
    posts_said)) VIRTUAL;
ALTER TABLE accounts ADD COLUMN checksum TEXT;
UPDATE accounts SET checksum = said;
CREATE TRIGGER accounts_added AFTER INSERT ON accounts BEGIN
    UPDATE accounts SET checksum = said WHERE district_id = NEW.district_id AND account = NEW.account;
END;
CREATE TRIGGER accounts_changed AFTER UPDATE ON accounts WHEN OLD.checksum IS OLD.said BEGIN
    UPDATE accounts SET checksum = said WHERE district_id = NEW.district_id AND account = NEW.account;
END;

ALTER TABLE devices ADD COLUMN said TEXT GENERATED ALWAYS AS (json_array(
    hex(district_id), hex(device), hex(account), algorithm, hex(public_key), name, is_console,
    enrolled_at, revoked_at, last_proof_at, last_counter, last_epoch, last_seen_on)) VIRTUAL;
ALTER TABLE devices ADD COLUMN checksum TEXT;
UPDATE devices SET checksum = said;
CREATE TRIGGER devices_added AFTER INSERT ON devices BEGIN
    UPDATE devices SET checksum = said WHERE district_id = NEW.district_id AND device = NEW.device;
END;
CREATE TRIGGER devices_changed AFTER UPDATE ON devices WHEN OLD.checksum IS OLD.said BEGIN
    UPDATE devices SET checksum = said WHERE district_id = NEW.district_id AND device = NEW.device;
END;

ALTER TABLE invites ADD COLUMN said TEXT GENERATED ALWAYS AS (json_array(
    hex(district_id), hex(invite), hex(secret_hash), hex(account), purpose, hex(created_by),
    created_at, expires_at, used_at, hex(used_by))) VIRTUAL;
ALTER TABLE invites ADD COLUMN checksum TEXT;
UPDATE invites SET checksum = said;
CREATE TRIGGER invites_added AFTER INSERT ON invites BEGIN
    UPDATE invites SET checksum = said WHERE district_id = NEW.district_id AND invite = NEW.invite;
END;
CREATE TRIGGER invites_changed AFTER UPDATE ON invites WHEN OLD.checksum IS OLD.said BEGIN
    UPDATE invites SET checksum = said WHERE district_id = NEW.district_id AND invite = NEW.invite;
END;

ALTER TABLE sessions ADD COLUMN said TEXT GENERATED ALWAYS AS (json_array(
    hex(district_id), hex(secret_hash), hex(account), hex(device), stage, hex(pending_factor),
    opened_at, used_at)) VIRTUAL;
ALTER TABLE sessions ADD COLUMN checksum TEXT;
UPDATE sessions SET checksum = said;
CREATE TRIGGER sessions_added AFTER INSERT ON sessions BEGIN
    UPDATE sessions SET checksum = said WHERE district_id = NEW.district_id AND secret_hash = NEW.secret_hash;
END;
CREATE TRIGGER sessions_changed AFTER UPDATE ON sessions WHEN OLD.checksum IS OLD.said BEGIN
    UPDATE sessions SET checksum = said WHERE district_id = NEW.district_id AND secret_hash = NEW.secret_hash;
END;

ALTER TABLE quarantine ADD COLUMN said TEXT GENERATED ALWAYS AS (json_array(
    hex(district_id), hex(item), hex(author), hex(hash), is_envelope, hex(carrier), counter,
    kind, hex(org), year, hex(key), code, slot, detail, received_at, resolved_at,
    hex(resolved_by), resolved_how)) VIRTUAL;
ALTER TABLE quarantine ADD COLUMN checksum TEXT;
UPDATE quarantine SET checksum = said;
CREATE TRIGGER quarantine_added AFTER INSERT ON quarantine BEGIN
    UPDATE quarantine SET checksum = said WHERE district_id = NEW.district_id AND item = NEW.item;
END;
CREATE TRIGGER quarantine_changed AFTER UPDATE ON quarantine WHEN OLD.checksum IS OLD.said BEGIN
    UPDATE quarantine SET checksum = said WHERE district_id = NEW.district_id AND item = NEW.item;
END;

ALTER TABLE blobs ADD COLUMN said TEXT GENERATED ALWAYS AS (json_array(
    hex(district_id), hex(record_id), hex(hash), size, mime, size_bytes, arrived_at)) VIRTUAL;
ALTER TABLE blobs ADD COLUMN checksum TEXT;
UPDATE blobs SET checksum = said;
CREATE TRIGGER blobs_added AFTER INSERT ON blobs BEGIN
    UPDATE blobs SET checksum = said WHERE district_id = NEW.district_id AND record_id = NEW.record_id AND hash = NEW.hash;
END;
CREATE TRIGGER blobs_changed AFTER UPDATE ON blobs WHEN OLD.checksum IS OLD.said BEGIN
    UPDATE blobs SET checksum = said WHERE district_id = NEW.district_id AND record_id = NEW.record_id AND hash = NEW.hash;
END;

-- What each commit writes is summed up by its own statements: a trigger would write every row twice. Numbers by their sum,
-- rows of the log, numbers of envelopes and what the lists show by a hash (server/src/store/checksum.rs); null for those
-- that were written before this.
ALTER TABLE collections ADD COLUMN checksum INTEGER;
UPDATE collections SET checksum = head;
ALTER TABLE records ADD COLUMN checksum INTEGER;
UPDATE records SET checksum = version + size_bytes;
ALTER TABLE changes ADD COLUMN checksum INTEGER;
ALTER TABLE envelopes ADD COLUMN checksum INTEGER;
ALTER TABLE projected_activities ADD COLUMN checksum INTEGER;
