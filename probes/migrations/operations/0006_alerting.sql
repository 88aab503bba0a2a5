-- failure, flapping (it comes and goes), offline (Pult itself; target_id is "line:SCHOOL").
ALTER TABLE alert ADD COLUMN kind TEXT NOT NULL DEFAULT 'failure';

-- Maintenance that comes back: on these weekdays (0 is Monday), so many minutes past the
-- school's midnight, for so long.
CREATE TABLE maintenance_rule (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    target_id TEXT NOT NULL REFERENCES target (id) ON DELETE CASCADE,
    weekdays TEXT NOT NULL,
    starts_minute INTEGER NOT NULL,
    minutes INTEGER NOT NULL,
    reason TEXT NOT NULL,
    account_id TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX maintenance_rule_by_target ON maintenance_rule (target_id)
