-- Pictures whose bytes may lie in the blob place while no record holds them: those of removed photos, for a while, and
-- those whose bytes came a moment before their row. What has been here for long enough is removed, bytes first.
CREATE TABLE loose_blobs (
    district_id   BLOB    NOT NULL REFERENCES districts,
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    since         INTEGER NOT NULL,
    -- When a server began to remove the bytes. Until the row is gone, nobody puts them there again: of two servers one
    -- would take away what the other has just brought.
    claimed_at    INTEGER,
    PRIMARY KEY (district_id, hash)
) STRICT, WITHOUT ROWID;
