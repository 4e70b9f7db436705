-- What the gate remembers of a record, put away when the record leaves a server's memory: the next change to it is judged
-- without reading its whole history. Nothing in here that the log does not say; rows may be deleted at any time.
CREATE TABLE record_indexes (
    district_id   BLOB    NOT NULL,
    record_id     BLOB    NOT NULL,
    -- How many changes it covers, and the position of the last of them in the record's collection.
    version       INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    bytes         BLOB    NOT NULL,
    PRIMARY KEY (district_id, record_id),
    FOREIGN KEY (district_id, record_id) REFERENCES records (district_id, record_id)
) STRICT;
