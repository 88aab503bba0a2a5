-- One row a target; `id` is the short number under which its samples stand.
-- States are places in probes.model.SEVERITY; `recent` holds one digit a check, oldest first.
CREATE TABLE latest (
    id INTEGER PRIMARY KEY,
    target_id TEXT NOT NULL UNIQUE,
    school_id TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    state INTEGER NOT NULL,
    seconds DOUBLE PRECISION,
    readings TEXT NOT NULL,
    why TEXT,
    since DOUBLE PRECISION,
    recent TEXT NOT NULL,
    interval_seconds DOUBLE PRECISION NOT NULL,
    judged INTEGER NOT NULL,
    judged_since DOUBLE PRECISION,
    failures INTEGER NOT NULL,
    successes INTEGER NOT NULL
);
CREATE INDEX latest_by_school ON latest (school_id);

CREATE TABLE room_latest (
    id INTEGER PRIMARY KEY,
    connection_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    school_id TEXT NOT NULL,
    target_id TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    participants INTEGER,
    moderators INTEGER,
    seats INTEGER,
    running BOOLEAN NOT NULL,
    UNIQUE (connection_id, external_id)
);
CREATE INDEX room_latest_by_school ON room_latest (school_id)
