-- "This account is mine", said by somebody who signs in here; a second person confirms it
-- where no address of the roster does.
CREATE TABLE own_account (
    account_id TEXT NOT NULL,
    connection_id TEXT NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
    external_id TEXT NOT NULL,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    said_at DOUBLE PRECISION NOT NULL,
    confirmed_by TEXT,
    confirmed_at DOUBLE PRECISION,
    PRIMARY KEY (account_id, connection_id, external_id)
);
CREATE INDEX own_account_by_place ON own_account (connection_id, external_id)
