-- What an author says again and again and what was approved once: not asked about any more.
CREATE TABLE approved_repeat (
    connection_id TEXT NOT NULL,
    author_external_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    case_id TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    approved_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (connection_id, author_external_id, digest)
);

-- Somebody may need help: raised by words or by hand, open until a safeguarding lead has it.
CREATE TABLE welfare_alarm (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    comment_id TEXT NOT NULL REFERENCES comment (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    flags TEXT NOT NULL,
    raised_by TEXT NOT NULL,
    raised_at DOUBLE PRECISION NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at DOUBLE PRECISION,
    outcome TEXT NOT NULL,
    UNIQUE (comment_id, kind, sha256)
);
CREATE INDEX welfare_alarm_by_time ON welfare_alarm (school_id, raised_at);

-- Who sees to alarms; a school that names nobody leaves them to its coordinators.
CREATE TABLE safeguarding_lead (
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL,
    PRIMARY KEY (school_id, account_id)
)
