-- Each rule, by the digest of what it finds and does, that was tried on what had been written:
-- what it would have caught then, and how much of that people had approved.
CREATE TABLE rule_trial (
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    tried_by TEXT NOT NULL,
    tried_at DOUBLE PRECISION NOT NULL,
    comments INTEGER NOT NULL,
    caught INTEGER NOT NULL,
    approved INTEGER NOT NULL,
    PRIMARY KEY (school_id, sha256)
)
