-- Each telling of somebody what was decided about them, before it is sent; states as of notices.
-- about: imposed, lifted, or message and its place in the appeal. way: mail, platform, none.
CREATE TABLE letter (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    measure_id TEXT NOT NULL REFERENCES measure (id) ON DELETE CASCADE,
    about TEXT NOT NULL,
    way TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    address TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    next_at DOUBLE PRECISION NOT NULL,
    lease_until DOUBLE PRECISION,
    why TEXT,
    created_at DOUBLE PRECISION NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL,
    UNIQUE (measure_id, about, way, connection_id, external_id)
);
CREATE INDEX letter_by_state ON letter (state, next_at)
