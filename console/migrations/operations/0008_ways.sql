-- How a person is reached when mail is not enough: `ways` is their own order, words with blanks
-- between them (sms, messenger, or a platform's), the rest in the usual order after them.
CREATE TABLE reach (
    person_id TEXT PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    phone TEXT NOT NULL,
    messenger_sealed TEXT NOT NULL,
    ways TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL
);

-- Each telling of one person of an urgent campaign by another way, written before it leaves;
-- states as of notices. Nobody is told twice by the same way.
CREATE TABLE telling (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    campaign_id TEXT NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
    delivery_id TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    way TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    confirmed BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    next_at DOUBLE PRECISION NOT NULL,
    lease_until DOUBLE PRECISION,
    why TEXT,
    created_at DOUBLE PRECISION NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL,
    UNIQUE (campaign_id, person_id, way)
);
CREATE INDEX telling_by_state ON telling (state, next_at)
