-- Compaction: a row of the log may hold many changes of its record. Explained in `../sqlite`.
ALTER TABLE changes ADD COLUMN holds bigint;
ALTER TABLE records ADD COLUMN packed bigint NOT NULL DEFAULT 0;

CREATE TABLE dictionaries (
    district_id   uuid    NOT NULL,
    org           uuid    NOT NULL,
    year          integer NOT NULL,
    bytes         bytea   NOT NULL,
    PRIMARY KEY (district_id, org, year),
    FOREIGN KEY (district_id, org, year) REFERENCES collections (district_id, org, year)
) PARTITION BY HASH (district_id);
SELECT split_by_district('dictionaries');

CREATE INDEX envelopes_by_time ON envelopes (district_id, received_at);
