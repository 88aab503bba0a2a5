-- Newsletters drawn up by rule. content: JSON list of lessons, changes, materials; weekday is NULL
-- where one leaves every day; minute is of the school's day.
CREATE TABLE standing (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    segment TEXT NOT NULL,
    content TEXT NOT NULL,
    weekday INTEGER,
    minute INTEGER NOT NULL,
    paused BOOLEAN NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL,
    UNIQUE (school_id, name)
);

-- Each issue once: `period` is when it is to leave, in the school's own time; an empty one has no
-- campaign. seen: what the timetable and the shelves held, for the next issue's changes.
CREATE TABLE standing_issue (
    id TEXT PRIMARY KEY,
    standing_id TEXT NOT NULL REFERENCES standing (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL,
    period DOUBLE PRECISION NOT NULL,
    campaign_id TEXT,
    seen TEXT NOT NULL,
    drawn_at DOUBLE PRECISION NOT NULL,
    UNIQUE (standing_id, period)
)
