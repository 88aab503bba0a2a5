-- Who reported a comment and asked to be told by mail: waiting for a decision, then as letters.
-- The address goes with the mail.
CREATE TABLE outcome (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    comment_id TEXT NOT NULL REFERENCES comment (id) ON DELETE CASCADE,
    reporter TEXT NOT NULL,
    address TEXT NOT NULL,
    language TEXT NOT NULL,
    link TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    next_at DOUBLE PRECISION NOT NULL,
    lease_until DOUBLE PRECISION,
    why TEXT,
    created_at DOUBLE PRECISION NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL,
    UNIQUE (comment_id, address)
);
CREATE INDEX outcome_by_state ON outcome (state, next_at)
