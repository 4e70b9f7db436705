-- Checksums: a bit that a disk turned in a row is seen before the row is served. Explained in `../sqlite`.

ALTER TABLE accounts ADD COLUMN posts_said text NOT NULL DEFAULT '';
UPDATE accounts a SET posts_said = coalesce((
    SELECT string_agg(post, ' ' ORDER BY post COLLATE "C") FROM (
        SELECT p.role || ' ' || replace(p.org::text, '-', '') AS post FROM posts p
        WHERE p.district_id = a.district_id AND p.account = a.account) AS held), '');

-- `said` is a function of a row here, and reads like a column all the same: `a.said`.
CREATE FUNCTION keep_checksum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.checksum IS DISTINCT FROM said(OLD) THEN
            RETURN NEW;
        END IF;
    END IF;
    NEW.checksum := said(NEW);
    RETURN NEW;
END $$;

-- All of a row but what is left out because it proves itself.
CREATE FUNCTION keep_checksums(summed text, VARIADIC left_out text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    columns text;
BEGIN
    SELECT string_agg(format('summed.%I', attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
    WHERE attrelid = summed::regclass AND attnum > 0 AND NOT attisdropped AND attname <> ALL (left_out);
    EXECUTE format('ALTER TABLE %I ADD COLUMN checksum bigint', summed);
    EXECUTE format(
        'CREATE FUNCTION said(summed %I) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
         AS ''SELECT hash_record_extended(ROW(%s), 0)''', summed, columns);
    EXECUTE format('UPDATE %I t SET checksum = said(t)', summed);
    EXECUTE format(
        'CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION keep_checksum()',
        summed || '_summed', summed);
END $$;

SELECT keep_checksums('districts');
SELECT keep_checksums('orgs');
SELECT keep_checksums('accounts');
SELECT keep_checksums('devices');
SELECT keep_checksums('invites');
SELECT keep_checksums('sessions');
SELECT keep_checksums('quarantine', 'content');
SELECT keep_checksums('blobs');

ALTER TABLE collections ADD COLUMN checksum bigint;
UPDATE collections SET checksum = head;
ALTER TABLE records ADD COLUMN checksum bigint;
UPDATE records SET checksum = version + size_bytes;
ALTER TABLE changes ADD COLUMN checksum bigint;
ALTER TABLE envelopes ADD COLUMN checksum bigint;
ALTER TABLE projected_activities ADD COLUMN checksum bigint;
