-- An announcement and its ledger. Subjects and bodies are JSON by language.
CREATE TABLE campaign (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    source TEXT,
    topic TEXT NOT NULL,
    sender TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    segment TEXT NOT NULL,
    incident_id TEXT,
    uncertain TEXT NOT NULL,
    state TEXT NOT NULL,
    digest TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL,
    released_at DOUBLE PRECISION,
    leaves_at DOUBLE PRECISION,
    UNIQUE (school_id, source)
);
CREATE INDEX campaign_by_school ON campaign (school_id, created_at);

-- One row for each person of a frozen audience, also for those left out.
CREATE TABLE delivery (
    id TEXT PRIMARY KEY,
    campaign_id TEXT NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL,
    person_id TEXT,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    language TEXT NOT NULL,
    fields TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    next_at DOUBLE PRECISION NOT NULL,
    owner TEXT,
    lease_until DOUBLE PRECISION,
    message_id TEXT NOT NULL,
    reply TEXT,
    updated_at DOUBLE PRECISION NOT NULL
);
CREATE UNIQUE INDEX delivery_once ON delivery (campaign_id, email) WHERE email <> '';
CREATE INDEX delivery_by_state ON delivery (campaign_id, state);
CREATE INDEX delivery_due ON delivery (next_at) WHERE state = 'due';
CREATE INDEX delivery_leased ON delivery (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX delivery_owned ON delivery (owner) WHERE owner IS NOT NULL;
CREATE INDEX delivery_by_person ON delivery (person_id, updated_at);

-- topic '' means every topic; reason: unsubscribed, hard bounce, by hand.
CREATE TABLE suppression (
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    topic TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (school_id, email, topic, reason)
)
