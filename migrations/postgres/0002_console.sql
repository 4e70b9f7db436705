-- Staff at a console: their sessions, and the second proof of who they are. Explained in `../sqlite`.

ALTER TABLE districts ADD COLUMN factor_policy text NOT NULL DEFAULT 'optional';

ALTER TABLE accounts ADD COLUMN factor_secret bytea CHECK (length(factor_secret) = 20);
ALTER TABLE accounts ADD COLUMN factor_since bigint;
ALTER TABLE accounts ADD COLUMN factor_step bigint NOT NULL DEFAULT 0;

CREATE TABLE sessions (
    district_id    uuid    NOT NULL,
    secret_hash    bytea   NOT NULL CHECK (length(secret_hash) = 32),
    account        uuid    NOT NULL,
    device         uuid    NOT NULL,
    stage          text    NOT NULL,
    pending_factor bytea   CHECK (length(pending_factor) = 20),
    opened_at      bigint  NOT NULL,
    used_at        bigint  NOT NULL,
    PRIMARY KEY (district_id, secret_hash),
    FOREIGN KEY (district_id, account) REFERENCES accounts (district_id, account),
    FOREIGN KEY (district_id, device) REFERENCES devices (district_id, device)
);

CREATE INDEX sessions_by_account ON sessions (district_id, account);
