-- Pictures that have come whole. The bytes lie in the blob folder under their hash; a row says that they are there and
-- were brought for this record. Parts on their way have no row.
CREATE TABLE blobs (
    district_id   BLOB    NOT NULL REFERENCES districts,
    record_id     BLOB    NOT NULL CHECK (length(record_id) = 16),
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    size          TEXT    NOT NULL,
    mime          TEXT    NOT NULL,
    size_bytes    INTEGER NOT NULL,
    arrived_at    INTEGER NOT NULL,
    PRIMARY KEY (district_id, record_id, hash)
) STRICT, WITHOUT ROWID;

-- Whether a file may go: no other record holds the same picture.
CREATE INDEX blobs_by_hash ON blobs (district_id, hash);
