-- A school's rules of the house, its ladder and its own words, as JSON; no row: the starters.
CREATE TABLE house (
    school_id TEXT PRIMARY KEY REFERENCES school (id) ON DELETE CASCADE,
    kept TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL
);

-- One appeal per measure, a conversation. waits_since: when the person last wrote and nobody
-- answered; ends_at: the new end, or until when the condition holds.
CREATE TABLE appeal (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    measure_id TEXT NOT NULL UNIQUE REFERENCES measure (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    outcome TEXT NOT NULL,
    condition TEXT NOT NULL,
    ends_at DOUBLE PRECISION,
    opened_at DOUBLE PRECISION NOT NULL,
    waits_since DOUBLE PRECISION,
    decided_by TEXT,
    decided_at DOUBLE PRECISION
);
CREATE INDEX appeal_open ON appeal (school_id, opened_at) WHERE state = 'open';

-- by_account: who of the staff wrote it; none: the person.
CREATE TABLE appeal_message (
    id TEXT PRIMARY KEY,
    appeal_id TEXT NOT NULL REFERENCES appeal (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    by_account TEXT,
    said TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    UNIQUE (appeal_id, place)
)
