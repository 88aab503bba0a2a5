CREATE TABLE target (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    prober TEXT NOT NULL,
    address TEXT NOT NULL,
    module TEXT NOT NULL,
    interval_seconds DOUBLE PRECISION NOT NULL,
    parent_id TEXT REFERENCES target (id) ON DELETE SET NULL,
    connection_id TEXT REFERENCES connection (id) ON DELETE CASCADE,
    room_id TEXT REFERENCES room (id) ON DELETE SET NULL,
    runbook TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    UNIQUE (school_id, name)
);

-- Times when a target is expected to fail (maintenance) or not to alert (silence).
CREATE TABLE probe_window (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    target_id TEXT NOT NULL REFERENCES target (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    since DOUBLE PRECISION NOT NULL,
    until DOUBLE PRECISION NOT NULL,
    reason TEXT NOT NULL,
    account_id TEXT NOT NULL
);
CREATE INDEX probe_window_by_end ON probe_window (school_id, until);

-- An alert outlives its target, as the incident that it opened does.
CREATE TABLE alert (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    target_id TEXT NOT NULL,
    target_name TEXT NOT NULL,
    state TEXT NOT NULL,
    since DOUBLE PRECISION NOT NULL,
    why TEXT,
    closed_at DOUBLE PRECISION,
    acknowledged_by TEXT,
    acknowledged_at DOUBLE PRECISION,
    acknowledged_reason TEXT
);
CREATE UNIQUE INDEX alert_one_open ON alert (target_id) WHERE closed_at IS NULL;
CREATE INDEX alert_by_time ON alert (school_id, since)
