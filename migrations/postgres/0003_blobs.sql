-- Pictures that have come whole. Explained in `../sqlite`.
CREATE TABLE blobs (
    district_id   uuid    NOT NULL REFERENCES districts,
    record_id     uuid    NOT NULL,
    hash          bytea   NOT NULL CHECK (length(hash) = 32),
    size          text    NOT NULL,
    mime          text    NOT NULL,
    size_bytes    bigint  NOT NULL,
    arrived_at    bigint  NOT NULL,
    PRIMARY KEY (district_id, record_id, hash)
) PARTITION BY HASH (district_id);
SELECT split_by_district('blobs');

CREATE INDEX blobs_by_hash ON blobs (district_id, hash);
