-- What one phone keeps. Columns hold what is searched for; everything else is CBOR in `row`, with a check behind it.
CREATE TABLE phone (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    revision  INTEGER NOT NULL, -- acts committed: the fence against a second writer
    state     BLOB,             -- DeviceState, none before the enrolment
    profile   BLOB              -- Profile
) STRICT;
INSERT INTO phone (id, revision) VALUES (1, 0);

CREATE TABLE authors (
    device  BLOB PRIMARY KEY,
    row     BLOB NOT NULL -- AuthorCard
) STRICT, WITHOUT ROWID;

CREATE TABLE accepted (
    place    INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which changes were accepted
    record   BLOB NOT NULL,
    org      BLOB NOT NULL,
    year     INTEGER NOT NULL, -- with org: the collection, to forget it whole
    hash     BLOB NOT NULL UNIQUE,
    row      BLOB NOT NULL -- AcceptedChange
) STRICT;
CREATE INDEX accepted_by_record ON accepted (record, place);
CREATE INDEX accepted_by_collection ON accepted (org, year);

CREATE TABLE pending (
    number  INTEGER PRIMARY KEY,
    record  BLOB NOT NULL,
    hash    BLOB NOT NULL,
    row     BLOB NOT NULL -- PendingChange
) STRICT;
CREATE INDEX pending_by_record ON pending (record, number);
CREATE INDEX pending_by_hash ON pending (hash);

CREATE TABLE refused (
    number  INTEGER PRIMARY KEY,
    hash    BLOB NOT NULL,
    row     BLOB NOT NULL -- RefusedChange
) STRICT;
CREATE INDEX refused_by_hash ON refused (hash);

CREATE TABLE envelopes (
    counter  INTEGER PRIMARY KEY,
    row      BLOB NOT NULL -- ClosedEnvelope
) STRICT;

CREATE TABLE carried (
    id       BLOB PRIMARY KEY,
    device   BLOB NOT NULL,
    counter  INTEGER NOT NULL,
    row      BLOB NOT NULL -- CarriedEnvelope
) STRICT, WITHOUT ROWID;

CREATE TABLE marks (
    org       BLOB NOT NULL,
    year      INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    name      BLOB, -- the first 8 bytes of the name of what stands there
    PRIMARY KEY (org, year)
) STRICT, WITHOUT ROWID;

-- One row per record, so that the list needs no scan of changes.
CREATE TABLE records (
    record  BLOB PRIMARY KEY,
    org     BLOB NOT NULL,
    year    INTEGER NOT NULL,
    row     BLOB NOT NULL -- RecordRef
) STRICT, WITHOUT ROWID;

-- Pictures. Their bytes lie apart, so that a list of them reads none.
CREATE TABLE blobs (
    record  BLOB NOT NULL,
    hash    BLOB NOT NULL, -- SHA-256 of the bytes
    row     BLOB NOT NULL, -- KeptBlob
    PRIMARY KEY (record, hash)
) STRICT, WITHOUT ROWID;

-- The server's word for what it has stored, should it ever be restored from a backup.
CREATE TABLE vouchers (
    place  INTEGER PRIMARY KEY AUTOINCREMENT,
    row    BLOB NOT NULL -- Voucher
) STRICT;

CREATE TABLE blob_bytes (
    record  BLOB NOT NULL,
    hash    BLOB NOT NULL,
    bytes   BLOB NOT NULL,
    PRIMARY KEY (record, hash)
) STRICT;
