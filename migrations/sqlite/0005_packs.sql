-- Compaction: a row of the log may hold many changes of its record.

-- How many; null for a single change. Such a row stands at the position of the last of them, `bytes` is a sealed pack
-- (server/src/store/pack.rs), `hash` the SHA-256 over the changes' hashes, `device` who wrote the last one, `counter`
-- 0. A reader whose mark is before its position gets all of it.
ALTER TABLE changes ADD COLUMN holds INTEGER;

-- How many of a record's changes lie in its pack: what is left to pack is found without looking at the log.
ALTER TABLE records ADD COLUMN packed INTEGER NOT NULL DEFAULT 0;

-- What the packs of a collection have in common: members, devices, turns of phrase. Sealed packs refer to it, so a row
-- is never changed.
CREATE TABLE dictionaries (
    district_id   BLOB    NOT NULL,
    org           BLOB    NOT NULL,
    year          INTEGER NOT NULL,
    bytes         BLOB    NOT NULL,
    PRIMARY KEY (district_id, org, year),
    FOREIGN KEY (district_id, org, year) REFERENCES collections (district_id, org, year)
) STRICT, WITHOUT ROWID;

-- Old envelope numbers are forgotten: found without reading all of them.
CREATE INDEX envelopes_by_time ON envelopes (district_id, received_at);
