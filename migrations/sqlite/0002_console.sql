-- Staff at a console: their sessions, and the second proof of who they are.

-- Whether staff of the district must have a second factor: `required` or `optional`.
ALTER TABLE districts ADD COLUMN factor_policy TEXT NOT NULL DEFAULT 'optional';

-- The key that the code of six digits is computed with. The server must compute it too, so it is not hashed.
ALTER TABLE accounts ADD COLUMN factor_secret BLOB CHECK (length(factor_secret) = 20);
ALTER TABLE accounts ADD COLUMN factor_since INTEGER;
-- The last half minute whose code was used. A code must belong to a later one, so none opens a door twice.
ALTER TABLE accounts ADD COLUMN factor_step INTEGER NOT NULL DEFAULT 0;

CREATE TABLE sessions (
    district_id    BLOB    NOT NULL,
    -- SHA-256 of the secret in the token: a stolen database opens no session.
    secret_hash    BLOB    NOT NULL CHECK (length(secret_hash) = 32),
    account        BLOB    NOT NULL,
    -- The account's console device.
    device         BLOB    NOT NULL,
    -- `open`, or `setting_up`: a second factor is required and not there yet, and nothing else may be done.
    stage          TEXT    NOT NULL,
    -- A second factor that was shown and not confirmed by a code yet.
    pending_factor BLOB    CHECK (length(pending_factor) = 20),
    opened_at      INTEGER NOT NULL,
    used_at        INTEGER NOT NULL,
    PRIMARY KEY (district_id, secret_hash),
    FOREIGN KEY (district_id, account) REFERENCES accounts (district_id, account),
    FOREIGN KEY (district_id, device) REFERENCES devices (district_id, device)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_account ON sessions (district_id, account);
