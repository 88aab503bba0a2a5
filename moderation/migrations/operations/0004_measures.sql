-- What was done about a person, over all of their accounts. An account that the
-- roster gives to nobody stands for itself. replaced_by: the measure that took its place.
CREATE TABLE measure (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    person_id TEXT,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    rule TEXT NOT NULL,
    until DOUBLE PRECISION,
    case_id TEXT REFERENCES cases (id) ON DELETE SET NULL,
    imposed_by TEXT NOT NULL,
    imposed_at DOUBLE PRECISION NOT NULL,
    lifted_by TEXT,
    lifted_at DOUBLE PRECISION,
    lift_reason TEXT NOT NULL,
    replaced_by TEXT
);
CREATE INDEX measure_by_time ON measure (school_id, imposed_at);
CREATE INDEX measure_by_person ON measure (person_id);

-- The accounts that the person had then: a measure is found by them too, whoever they are
-- linked to later.
CREATE TABLE measure_account (
    measure_id TEXT NOT NULL REFERENCES measure (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    PRIMARY KEY (measure_id, connection_id, external_id)
);
CREATE INDEX measure_by_account ON measure_account (connection_id, external_id);

-- standing: what a lift puts back, in the platform's own terms; wording: what an edit
-- puts in the comment's place; approved_by: the second person for what cannot be undone.
ALTER TABLE moderation_action ADD COLUMN measure_id TEXT;
ALTER TABLE moderation_action ADD COLUMN standing TEXT;
ALTER TABLE moderation_action ADD COLUMN wording TEXT;
ALTER TABLE moderation_action ADD COLUMN approved_by TEXT;
CREATE INDEX moderation_action_by_measure ON moderation_action (measure_id);
