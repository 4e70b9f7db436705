-- What the gate remembers of a record, put away when the record leaves a server's memory. Explained in `../sqlite`.
CREATE TABLE record_indexes (
    district_id   uuid    NOT NULL,
    record_id     uuid    NOT NULL,
    version       bigint  NOT NULL,
    position      bigint  NOT NULL,
    bytes         bytea   NOT NULL,
    PRIMARY KEY (district_id, record_id),
    FOREIGN KEY (district_id, record_id) REFERENCES records (district_id, record_id)
) PARTITION BY HASH (district_id);
SELECT split_by_district('record_indexes', 80);
