-- A prober with its conditions, under a name, for many targets; each target may override them.
-- Sealed conditions stand apart, by name; an empty one has yet to be entered.
CREATE TABLE module (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    prober TEXT NOT NULL,
    conditions TEXT NOT NULL,
    secrets_sealed TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    UNIQUE (school_id, name)
);
ALTER TABLE target ADD COLUMN module_id TEXT REFERENCES module (id);
ALTER TABLE target ADD COLUMN secrets_sealed TEXT NOT NULL DEFAULT '{}'
