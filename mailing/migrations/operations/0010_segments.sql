-- Groups of people that a school gave a name to; who belongs is counted anew each time.
CREATE TABLE saved_segment (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    segment TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL,
    UNIQUE (school_id, name)
)
