-- An alarm rests on a comment, or on what a participant wrote to the school itself: in an
-- appeal, in a report of a comment, in a report of trouble. Then the words are kept with it,
-- and the comment, where there is one, is what they are about.
CREATE TABLE welfare_alarm_next (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    comment_id TEXT REFERENCES comment (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    flags TEXT NOT NULL,
    origin TEXT NOT NULL,
    origin_id TEXT NOT NULL,
    said TEXT NOT NULL,
    who TEXT NOT NULL,
    raised_by TEXT NOT NULL,
    raised_at DOUBLE PRECISION NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at DOUBLE PRECISION,
    outcome TEXT NOT NULL
);
INSERT INTO welfare_alarm_next (id, school_id, comment_id, sha256, kind, flags, origin, origin_id,
    said, who, raised_by, raised_at, acknowledged_by, acknowledged_at, outcome)
SELECT id, school_id, comment_id, sha256, kind, flags, 'comment', '', '', '', raised_by, raised_at,
    acknowledged_by, acknowledged_at, outcome
FROM welfare_alarm;
DROP TABLE welfare_alarm;
ALTER TABLE welfare_alarm_next RENAME TO welfare_alarm;
CREATE INDEX welfare_alarm_by_time ON welfare_alarm (school_id, raised_at);
CREATE INDEX welfare_alarm_by_comment ON welfare_alarm (comment_id);

-- A wording raises it once. What is written to the school once while nobody has answered: the
-- same words a week later are another cry.
CREATE UNIQUE INDEX welfare_alarm_of_comment ON welfare_alarm (comment_id, kind, sha256)
    WHERE origin = 'comment';
CREATE UNIQUE INDEX welfare_alarm_of_writing
    ON welfare_alarm (school_id, origin, origin_id, kind, sha256)
    WHERE origin <> 'comment' AND acknowledged_at IS NULL;
