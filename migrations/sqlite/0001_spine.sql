-- The spine: districts, orgs, people and their devices, the log, quarantine, audit, projections.
--
-- Every primary key, unique index and foreign key begins with `district_id`: it is the partition of everything,
-- here and on Postgres, and a distributed engine may split by it. Ids are 16 bytes, times are integer
-- milliseconds since 1970 UTC, hashes are 32 bytes. STRICT, so that a wrong type is an error and not a surprise.

CREATE TABLE districts (
    district_id   BLOB    NOT NULL PRIMARY KEY CHECK (length(district_id) = 16),
    name          TEXT    NOT NULL,
    naming        TEXT    NOT NULL,
    -- Which store this is. Replaced when a backup is restored, so that phones notice that positions went back.
    generation    BLOB    NOT NULL CHECK (length(generation) = 16),
    -- Signs this district's access tokens; per district, so that one district's leak is not another's.
    token_secret  BLOB    NOT NULL CHECK (length(token_secret) = 32),
    -- Grows with each change of any org: part of every profile's version.
    orgs_version  INTEGER NOT NULL DEFAULT 1,
    founded_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE orgs (
    district_id   BLOB    NOT NULL REFERENCES districts,
    org           BLOB    NOT NULL CHECK (length(org) = 16),
    -- Null only for the district's own root, whose id is the district's.
    parent        BLOB,
    org_type      TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    PRIMARY KEY (district_id, org),
    FOREIGN KEY (district_id, parent) REFERENCES orgs (district_id, org)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    district_id     BLOB    NOT NULL REFERENCES districts,
    account         BLOB    NOT NULL CHECK (length(account) = 16),
    -- Only staff log in with a name; a branch's people enrol a device instead and have none.
    login           TEXT,
    -- An argon2id PHC string: it says its own parameters, so they can be raised later.
    password_hash   TEXT,
    name            TEXT    NOT NULL,
    member          BLOB,
    -- Where the account was opened; what it may do is in `posts`.
    org             BLOB    NOT NULL,
    profile_version INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    disabled_at     INTEGER,
    PRIMARY KEY (district_id, account),
    FOREIGN KEY (district_id, org) REFERENCES orgs (district_id, org)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX accounts_by_login ON accounts (district_id, login) WHERE login IS NOT NULL;
CREATE INDEX accounts_by_org ON accounts (district_id, org);

CREATE TABLE posts (
    district_id   BLOB    NOT NULL,
    account       BLOB    NOT NULL,
    role          TEXT    NOT NULL,
    org           BLOB    NOT NULL,
    PRIMARY KEY (district_id, account, role, org),
    FOREIGN KEY (district_id, account) REFERENCES accounts (district_id, account),
    FOREIGN KEY (district_id, org) REFERENCES orgs (district_id, org)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    district_id   BLOB    NOT NULL,
    device        BLOB    NOT NULL CHECK (length(device) = 16),
    account       BLOB    NOT NULL,
    -- The algorithm belongs to the key and never to a message. Both are null for a console device, which is a
    -- staff account's own hand on the server and signs nothing.
    algorithm     TEXT,
    public_key    BLOB,
    name          TEXT    NOT NULL,
    is_console    INTEGER NOT NULL CHECK (is_console IN (0, 1)),
    enrolled_at   INTEGER NOT NULL,
    revoked_at    INTEGER,
    -- The time in the last token proof. A proof must be later than it, so none can be used twice.
    last_proof_at INTEGER,
    -- What a phone restored from an old backup needs in order to go on without using a number twice.
    last_counter  INTEGER NOT NULL DEFAULT 0,
    last_epoch    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (district_id, device),
    FOREIGN KEY (district_id, account) REFERENCES accounts (district_id, account),
    CHECK (is_console = 1 OR (algorithm IS NOT NULL AND public_key IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX devices_by_account ON devices (district_id, account);
CREATE UNIQUE INDEX console_devices ON devices (district_id, account) WHERE is_console = 1;
-- A token request names a device before anybody knows its district. Not unique on purpose: see the top.
CREATE INDEX devices_by_id ON devices (device);

CREATE TABLE invites (
    district_id   BLOB    NOT NULL,
    invite        BLOB    NOT NULL CHECK (length(invite) = 16),
    -- SHA-256 of the secret in the link: a stolen database opens no door.
    secret_hash   BLOB    NOT NULL CHECK (length(secret_hash) = 32),
    account       BLOB    NOT NULL,
    -- What the device is meant to be, e.g. 书记的手机: shown in the list of open invites.
    purpose       TEXT    NOT NULL,
    created_by    BLOB,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    used_at       INTEGER,
    used_by       BLOB,
    PRIMARY KEY (district_id, invite),
    FOREIGN KEY (district_id, account) REFERENCES accounts (district_id, account),
    FOREIGN KEY (district_id, used_by) REFERENCES devices (district_id, device)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX invites_secret ON invites (district_id, secret_hash);
CREATE INDEX invites_by_account ON invites (district_id, account);
-- Enrolment knows the secret and not yet the district.
CREATE INDEX invites_by_secret ON invites (secret_hash);

CREATE TABLE envelopes (
    district_id   BLOB    NOT NULL,
    device        BLOB    NOT NULL,
    counter       INTEGER NOT NULL,
    -- Of the bytes that were judged under this number: other bytes under it are a fork or a fraud.
    digest        BLOB    NOT NULL CHECK (length(digest) = 32),
    received_at   INTEGER NOT NULL,
    PRIMARY KEY (district_id, device, counter),
    FOREIGN KEY (district_id, device) REFERENCES devices (district_id, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE collections (
    district_id   BLOB    NOT NULL,
    org           BLOB    NOT NULL,
    -- The calendar year, or 0 for the standing shelf.
    year          INTEGER NOT NULL,
    -- The last position given out. Whoever appends updates this row, which makes positions gapless and lets no
    -- reader skip a change that committed late.
    head          INTEGER NOT NULL,
    PRIMARY KEY (district_id, org, year),
    FOREIGN KEY (district_id, org) REFERENCES orgs (district_id, org)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
    district_id   BLOB    NOT NULL,
    record_id     BLOB    NOT NULL CHECK (length(record_id) = 16),
    kind          TEXT    NOT NULL,
    org           BLOB    NOT NULL,
    year          INTEGER NOT NULL,
    key           BLOB    NOT NULL CHECK (length(key) = 16),
    -- How many changes it has: what a judge saw, and what a projector has seen.
    version       INTEGER NOT NULL,
    -- Sum of the changes' bytes, for the record's size budget.
    size_bytes    INTEGER NOT NULL,
    PRIMARY KEY (district_id, record_id),
    FOREIGN KEY (district_id, org, year) REFERENCES collections (district_id, org, year)
) STRICT, WITHOUT ROWID;

CREATE INDEX records_by_collection ON records (district_id, org, year);

-- The log. Rows are only ever added.
CREATE TABLE changes (
    district_id   BLOB    NOT NULL,
    org           BLOB    NOT NULL,
    year          INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    record_id     BLOB    NOT NULL,
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    bytes         BLOB    NOT NULL,
    -- Who signed it; its epoch is in the change's own actor.
    device        BLOB    NOT NULL,
    -- The envelope it came in, and who brought it.
    counter       INTEGER NOT NULL,
    carrier       BLOB    NOT NULL,
    received_at   INTEGER NOT NULL,
    PRIMARY KEY (district_id, org, year, position),
    FOREIGN KEY (district_id, record_id) REFERENCES records (district_id, record_id),
    FOREIGN KEY (district_id, device) REFERENCES devices (district_id, device)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX changes_by_hash ON changes (district_id, hash);
-- A record lies in one collection, so position order is its order of appending.
CREATE INDEX changes_by_record ON changes (district_id, record_id, position);

CREATE TABLE quarantine (
    district_id   BLOB    NOT NULL,
    item          BLOB    NOT NULL CHECK (length(item) = 16),
    -- The author as the envelope says; unproven when it was refused for its signature. Part of the key, or else
    -- a stranger could have another's honest change refused by bringing a copy of it first.
    author        BLOB    NOT NULL,
    -- The change's hash; the envelope's digest when that was refused as a whole.
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    is_envelope   INTEGER NOT NULL CHECK (is_envelope IN (0, 1)),
    carrier       BLOB    NOT NULL,
    counter       INTEGER NOT NULL,
    -- The record as the delivery names it: it need not exist, and not make sense. Null for a whole envelope.
    kind          TEXT,
    org           BLOB,
    year          INTEGER,
    key           BLOB,
    content       BLOB    NOT NULL,
    code          TEXT    NOT NULL,
    slot          TEXT,
    detail        TEXT,
    received_at   INTEGER NOT NULL,
    resolved_at   INTEGER,
    resolved_by   BLOB,
    -- admitted, dismissed; or arrived: the same change was accepted at a later delivery.
    resolved_how  TEXT,
    PRIMARY KEY (district_id, item)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX quarantine_by_hash ON quarantine (district_id, hash, author, is_envelope);
CREATE INDEX quarantine_open ON quarantine (district_id, received_at, item) WHERE resolved_at IS NULL;

-- Rows are only ever added, each over the hash of the one before.
CREATE TABLE audit (
    district_id   BLOB    NOT NULL REFERENCES districts,
    seq           INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    account       BLOB,
    device        BLOB,
    act           TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    detail        TEXT    NOT NULL,
    prev_hash     BLOB    NOT NULL CHECK (length(prev_hash) = 32),
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (district_id, seq)
) STRICT, WITHOUT ROWID;

-- Records that changed since they were last projected; written in the commit that changes them.
CREATE TABLE dirty_records (
    district_id   BLOB    NOT NULL,
    record_id     BLOB    NOT NULL,
    -- The record's version at the mark: the mark is lifted only by a projector that has seen it.
    version       INTEGER NOT NULL,
    PRIMARY KEY (district_id, record_id),
    FOREIGN KEY (district_id, record_id) REFERENCES records (district_id, record_id)
) STRICT, WITHOUT ROWID;

-- Projections. They hold nothing that cannot be computed again from the log, and no free text about a person.
CREATE TABLE projected_activities (
    district_id   BLOB    NOT NULL,
    record_id     BLOB    NOT NULL,
    org           BLOB    NOT NULL,
    year          INTEGER NOT NULL,
    title         TEXT,
    -- JSON array of kind codes.
    kinds         TEXT    NOT NULL,
    planned_at    INTEGER,
    held_from     INTEGER,
    status        TEXT    NOT NULL,
    present       INTEGER NOT NULL,
    should_attend INTEGER NOT NULL,
    -- Open merge cards.
    cards         INTEGER NOT NULL,
    late          INTEGER NOT NULL CHECK (late IN (0, 1)),
    facts         BLOB    NOT NULL,
    -- What lists are ordered by: held, else planned, else 0.
    sort_at       INTEGER NOT NULL,
    PRIMARY KEY (district_id, record_id),
    FOREIGN KEY (district_id, record_id) REFERENCES records (district_id, record_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX projected_activities_by_org ON projected_activities (district_id, org, sort_at);
CREATE INDEX projected_activities_by_time ON projected_activities (district_id, sort_at, record_id);
