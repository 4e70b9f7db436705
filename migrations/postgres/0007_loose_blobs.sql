-- Pictures whose bytes may lie in the blob place while no record holds them. Explained in `../sqlite`.
CREATE TABLE loose_blobs (
    district_id   uuid    NOT NULL REFERENCES districts,
    hash          bytea   NOT NULL CHECK (length(hash) = 32),
    since         bigint  NOT NULL,
    claimed_at    bigint,
    PRIMARY KEY (district_id, hash)
) PARTITION BY HASH (district_id);
SELECT split_by_district('loose_blobs');
