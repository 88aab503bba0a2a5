-- When a campaign's ledger was reduced to its sums: from then on `summed` is all that is known.
ALTER TABLE campaign ADD COLUMN reduced_at DOUBLE PRECISION;

-- Addresses of people who were erased, as keyed hashes: no mail reaches them, and none can be read.
CREATE TABLE erased_address (
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    topic TEXT NOT NULL,
    reason TEXT NOT NULL,
    erased_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (school_id, digest, topic, reason)
);
CREATE TABLE erasing_key (
    school_id TEXT PRIMARY KEY REFERENCES school (id) ON DELETE CASCADE,
    key TEXT NOT NULL
);

-- From how many recipients on a second person agrees, where the school has said so itself.
CREATE TABLE release_terms (
    school_id TEXT PRIMARY KEY REFERENCES school (id) ON DELETE CASCADE,
    second_person_above INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL
)
