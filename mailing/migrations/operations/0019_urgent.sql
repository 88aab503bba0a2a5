-- What leaves before all newsletters (lane 'urgent'), what it follows, and until when a draft may
-- still be released.
ALTER TABLE campaign ADD COLUMN lane TEXT NOT NULL DEFAULT '';
ALTER TABLE campaign ADD COLUMN follows TEXT;
ALTER TABLE campaign ADD COLUMN release_by DOUBLE PRECISION;
CREATE INDEX campaign_urgent ON campaign (state) WHERE lane = 'urgent';

-- Texts for an emergency; one is sent only as somebody else than its author agreed to it:
-- approved_digest is of what that person was shown.
CREATE TABLE urgent_text (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    guardians TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    digest TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL,
    approved_by TEXT,
    approved_at DOUBLE PRECISION,
    approved_digest TEXT,
    UNIQUE (school_id, name)
)
