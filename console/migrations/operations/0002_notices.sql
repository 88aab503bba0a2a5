-- Who of the staff is told of incidents, and how. The address is sealed: it may hold secrets.
CREATE TABLE channel (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    transport TEXT NOT NULL,
    address_sealed TEXT NOT NULL,
    language TEXT NOT NULL,
    suspects BOOLEAN NOT NULL,
    repeat_minutes INTEGER NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    UNIQUE (school_id, name)
);

-- Each telling, before it is sent. due, claimed (a worker has it), handing (it may be out),
-- sent, failed, uncertain (only the service knows: not sent again), withdrawn.
CREATE TABLE notice (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    channel_id TEXT NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    incident_id TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    next_at DOUBLE PRECISION NOT NULL,
    lease_until DOUBLE PRECISION,
    why TEXT,
    created_at DOUBLE PRECISION NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL,
    UNIQUE (channel_id, incident_id, kind, number)
);
CREATE INDEX notice_by_state ON notice (state, next_at);
CREATE INDEX notice_by_incident ON notice (incident_id)
