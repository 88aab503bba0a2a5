-- By which key a mail provider signs what it tells of a school's mail, sealed.
CREATE TABLE mail_hook (
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    sealed TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL,
    heard_at DOUBLE PRECISION,
    PRIMARY KEY (school_id, provider)
);

-- What providers delivered, by hash, for as long as it is taken at all.
CREATE TABLE mail_hook_delivery (
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (school_id, provider, sha256)
);
CREATE INDEX mail_hook_delivery_by_time ON mail_hook_delivery (at)
