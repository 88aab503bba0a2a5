-- A target may depend on several: the failure of any of them explains its own.
CREATE TABLE target_parent (
    target_id TEXT NOT NULL REFERENCES target (id) ON DELETE CASCADE,
    parent_id TEXT NOT NULL REFERENCES target (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    PRIMARY KEY (target_id, parent_id)
);
CREATE INDEX target_parent_by_parent ON target_parent (parent_id);
INSERT INTO target_parent (target_id, parent_id, school_id)
SELECT id, parent_id, school_id FROM target WHERE parent_id IS NOT NULL;
ALTER TABLE target DROP COLUMN parent_id
