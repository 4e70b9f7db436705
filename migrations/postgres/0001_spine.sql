-- The spine: districts, orgs, people and their devices, the log, quarantine, audit, projections.
--
-- The same tables as in `../sqlite/0001_spine.sql`, where the columns are explained; here is said only what is
-- Postgres's own. Every primary key, unique index and foreign key begins with `district_id`. Ids are uuid, times are
-- integer milliseconds since 1970 UTC, hashes are 32 bytes.
--
-- What grows with the work of a district is split by HASH of its id into a fixed number of parts. Not by LIST: a
-- district would need a dozen new tables when it is founded, each under a lock that stops everybody, and a province
-- would have 40,000 tables, which every plan has to leaf through. Eight parts keep an index of a province at an
-- eighth, let as many vacuums run side by side, and cost a single district nothing that can be measured.

-- Splits a table by district. `fill` leaves room in each page for the next version of a row that is changed in place.
CREATE FUNCTION split_by_district(parent text, fill integer DEFAULT 100) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    parts CONSTANT integer := 8;
BEGIN
    FOR part IN 0 .. parts - 1 LOOP
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s) WITH (fillfactor = %s)',
            parent || '_' || part, parent, parts, part, fill);
    END LOOP;
END $$;

CREATE TABLE districts (
    district_id   uuid    NOT NULL PRIMARY KEY,
    name          text    NOT NULL,
    naming        text    NOT NULL,
    generation    bytea   NOT NULL CHECK (length(generation) = 16),
    token_secret  bytea   NOT NULL CHECK (length(token_secret) = 32),
    orgs_version  bigint  NOT NULL DEFAULT 1,
    founded_at    bigint  NOT NULL
);

CREATE TABLE orgs (
    district_id   uuid    NOT NULL REFERENCES districts,
    org           uuid    NOT NULL,
    parent        uuid,
    org_type      text    NOT NULL,
    name          text    NOT NULL,
    PRIMARY KEY (district_id, org),
    FOREIGN KEY (district_id, parent) REFERENCES orgs (district_id, org)
);

CREATE TABLE accounts (
    district_id     uuid    NOT NULL REFERENCES districts,
    account         uuid    NOT NULL,
    login           text,
    password_hash   text,
    name            text    NOT NULL,
    member          uuid,
    org             uuid    NOT NULL,
    profile_version bigint  NOT NULL DEFAULT 1,
    created_at      bigint  NOT NULL,
    disabled_at     bigint,
    PRIMARY KEY (district_id, account),
    FOREIGN KEY (district_id, org) REFERENCES orgs (district_id, org)
);

CREATE UNIQUE INDEX accounts_by_login ON accounts (district_id, login) WHERE login IS NOT NULL;
CREATE INDEX accounts_by_org ON accounts (district_id, org);

CREATE TABLE posts (
    district_id   uuid    NOT NULL,
    account       uuid    NOT NULL,
    role          text    NOT NULL,
    org           uuid    NOT NULL,
    PRIMARY KEY (district_id, account, role, org),
    FOREIGN KEY (district_id, account) REFERENCES accounts (district_id, account),
    FOREIGN KEY (district_id, org) REFERENCES orgs (district_id, org)
);

CREATE TABLE devices (
    district_id   uuid    NOT NULL,
    device        uuid    NOT NULL,
    account       uuid    NOT NULL,
    algorithm     text,
    public_key    bytea,
    name          text    NOT NULL,
    is_console    boolean NOT NULL,
    enrolled_at   bigint  NOT NULL,
    revoked_at    bigint,
    last_proof_at bigint,
    last_counter  bigint  NOT NULL DEFAULT 0,
    last_epoch    bigint  NOT NULL DEFAULT 0,
    PRIMARY KEY (district_id, device),
    FOREIGN KEY (district_id, account) REFERENCES accounts (district_id, account),
    CHECK (is_console OR (algorithm IS NOT NULL AND public_key IS NOT NULL))
    -- Each delivery raises its numbers.
) WITH (fillfactor = 80);

CREATE INDEX devices_by_account ON devices (district_id, account);
CREATE UNIQUE INDEX console_devices ON devices (district_id, account) WHERE is_console;
-- A token request names a device before anybody knows its district. Not unique on purpose: see the top.
CREATE INDEX devices_by_id ON devices (device);

CREATE TABLE invites (
    district_id   uuid    NOT NULL,
    invite        uuid    NOT NULL,
    secret_hash   bytea   NOT NULL CHECK (length(secret_hash) = 32),
    account       uuid    NOT NULL,
    purpose       text    NOT NULL,
    created_by    uuid,
    created_at    bigint  NOT NULL,
    expires_at    bigint  NOT NULL,
    used_at       bigint,
    used_by       uuid,
    PRIMARY KEY (district_id, invite),
    FOREIGN KEY (district_id, account) REFERENCES accounts (district_id, account),
    FOREIGN KEY (district_id, used_by) REFERENCES devices (district_id, device)
);

CREATE UNIQUE INDEX invites_secret ON invites (district_id, secret_hash);
CREATE INDEX invites_by_account ON invites (district_id, account);
-- Enrolment knows the secret and not yet the district.
CREATE INDEX invites_by_secret ON invites (secret_hash);

CREATE TABLE envelopes (
    district_id   uuid    NOT NULL,
    device        uuid    NOT NULL,
    counter       bigint  NOT NULL,
    digest        bytea   NOT NULL CHECK (length(digest) = 32),
    received_at   bigint  NOT NULL,
    PRIMARY KEY (district_id, device, counter),
    FOREIGN KEY (district_id, device) REFERENCES devices (district_id, device)
) PARTITION BY HASH (district_id);
SELECT split_by_district('envelopes');

CREATE TABLE collections (
    district_id   uuid    NOT NULL,
    org           uuid    NOT NULL,
    year          integer NOT NULL,
    -- Whoever appends holds this row until his commit: the next one waits, so positions are given out in the order in
    -- which they become visible.
    head          bigint  NOT NULL,
    PRIMARY KEY (district_id, org, year),
    FOREIGN KEY (district_id, org) REFERENCES orgs (district_id, org)
) PARTITION BY HASH (district_id);
SELECT split_by_district('collections', 50);

CREATE TABLE records (
    district_id   uuid    NOT NULL,
    record_id     uuid    NOT NULL,
    kind          text    NOT NULL,
    org           uuid    NOT NULL,
    year          integer NOT NULL,
    key           uuid    NOT NULL,
    version       bigint  NOT NULL,
    size_bytes    bigint  NOT NULL,
    PRIMARY KEY (district_id, record_id),
    FOREIGN KEY (district_id, org, year) REFERENCES collections (district_id, org, year)
) PARTITION BY HASH (district_id);
SELECT split_by_district('records', 80);

CREATE INDEX records_by_collection ON records (district_id, org, year);

CREATE TABLE changes (
    district_id   uuid    NOT NULL,
    org           uuid    NOT NULL,
    year          integer NOT NULL,
    position      bigint  NOT NULL,
    record_id     uuid    NOT NULL,
    hash          bytea   NOT NULL CHECK (length(hash) = 32),
    bytes         bytea   NOT NULL,
    device        uuid    NOT NULL,
    counter       bigint  NOT NULL,
    carrier       uuid    NOT NULL,
    received_at   bigint  NOT NULL,
    PRIMARY KEY (district_id, org, year, position),
    FOREIGN KEY (district_id, record_id) REFERENCES records (district_id, record_id),
    FOREIGN KEY (district_id, device) REFERENCES devices (district_id, device)
) PARTITION BY HASH (district_id);
SELECT split_by_district('changes');

CREATE UNIQUE INDEX changes_by_hash ON changes (district_id, hash);
CREATE INDEX changes_by_record ON changes (district_id, record_id, position);

CREATE TABLE quarantine (
    district_id   uuid    NOT NULL,
    item          uuid    NOT NULL,
    author        uuid    NOT NULL,
    hash          bytea   NOT NULL CHECK (length(hash) = 32),
    is_envelope   boolean NOT NULL,
    carrier       uuid    NOT NULL,
    counter       bigint  NOT NULL,
    kind          text,
    org           uuid,
    year          integer,
    key           uuid,
    content       bytea   NOT NULL,
    code          text    NOT NULL,
    slot          text,
    detail        text,
    received_at   bigint  NOT NULL,
    resolved_at   bigint,
    resolved_by   uuid,
    resolved_how  text,
    PRIMARY KEY (district_id, item)
) PARTITION BY HASH (district_id);
SELECT split_by_district('quarantine');

CREATE UNIQUE INDEX quarantine_by_hash ON quarantine (district_id, hash, author, is_envelope);
CREATE INDEX quarantine_open ON quarantine (district_id, received_at, item) WHERE resolved_at IS NULL;

CREATE TABLE audit (
    district_id   uuid    NOT NULL REFERENCES districts,
    seq           bigint  NOT NULL,
    at            bigint  NOT NULL,
    account       uuid,
    device        uuid,
    act           text    NOT NULL,
    subject       text    NOT NULL,
    -- json and not jsonb: the chain's hash is over these very bytes.
    detail        json    NOT NULL,
    prev_hash     bytea   NOT NULL CHECK (length(prev_hash) = 32),
    hash          bytea   NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (district_id, seq)
) PARTITION BY HASH (district_id);
SELECT split_by_district('audit');

CREATE TABLE dirty_records (
    district_id   uuid    NOT NULL,
    record_id     uuid    NOT NULL,
    version       bigint  NOT NULL,
    PRIMARY KEY (district_id, record_id),
    FOREIGN KEY (district_id, record_id) REFERENCES records (district_id, record_id)
) PARTITION BY HASH (district_id);
SELECT split_by_district('dirty_records', 50);

CREATE TABLE projected_activities (
    district_id   uuid    NOT NULL,
    record_id     uuid    NOT NULL,
    org           uuid    NOT NULL,
    year          integer NOT NULL,
    title         text,
    kinds         text[]  NOT NULL,
    planned_at    bigint,
    held_from     bigint,
    status        text    NOT NULL,
    present       bigint  NOT NULL,
    should_attend bigint  NOT NULL,
    cards         bigint  NOT NULL,
    late          boolean NOT NULL,
    facts         bytea   NOT NULL,
    sort_at       bigint  NOT NULL,
    PRIMARY KEY (district_id, record_id),
    FOREIGN KEY (district_id, record_id) REFERENCES records (district_id, record_id)
) PARTITION BY HASH (district_id);
SELECT split_by_district('projected_activities', 80);

CREATE INDEX projected_activities_by_org ON projected_activities (district_id, org, sort_at);
CREATE INDEX projected_activities_by_time ON projected_activities (district_id, sort_at, record_id);
