-- What is wrong and who is on it. `source` says what it came from ("target:ID",
-- "room:ID", "teacher:LESSON", "report:COURSE"); one incident a source is open at a time.
CREATE TABLE incident (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    title TEXT NOT NULL,
    severity TEXT NOT NULL,
    affected INTEGER NOT NULL,
    owner_id TEXT,
    opened_at DOUBLE PRECISION NOT NULL,
    taken_at DOUBLE PRECISION,
    recovered_at DOUBLE PRECISION,
    closed_at DOUBLE PRECISION,
    target_id TEXT,
    alert_id TEXT,
    room_id TEXT,
    course_id TEXT
);
CREATE UNIQUE INDEX incident_open ON incident (school_id, source) WHERE closed_at IS NULL;
CREATE INDEX incident_by_time ON incident (school_id, opened_at);
CREATE INDEX incident_by_alert ON incident (alert_id);

CREATE TABLE incident_entry (
    id TEXT PRIMARY KEY,
    incident_id TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    said TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX incident_entry_by_incident ON incident_entry (incident_id, number);

-- "I can't get in": what a participant wrote, and to which incident it was merged.
CREATE TABLE trouble_report (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    incident_id TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    contact TEXT NOT NULL,
    said TEXT NOT NULL,
    course_id TEXT,
    room_id TEXT,
    at DOUBLE PRECISION NOT NULL
);
CREATE INDEX trouble_report_by_incident ON trouble_report (incident_id, at)
