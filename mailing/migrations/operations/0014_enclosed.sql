-- What goes along with a letter: the lesson that it invites to, as calendars know it (RFC 5545),
-- and files, already in base64 as they leave.
CREATE TABLE invitation (
    campaign_id TEXT PRIMARY KEY REFERENCES campaign (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL,
    lesson_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    method TEXT NOT NULL,
    title TEXT NOT NULL,
    teacher TEXT NOT NULL,
    link TEXT NOT NULL,
    starts_at DOUBLE PRECISION NOT NULL,
    ends_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX invitation_by_lesson ON invitation (lesson_id);
CREATE TABLE attachment (
    id TEXT PRIMARY KEY,
    campaign_id TEXT NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    size INTEGER NOT NULL,
    digest TEXT NOT NULL,
    content TEXT NOT NULL,
    added_at DOUBLE PRECISION NOT NULL,
    UNIQUE (campaign_id, name)
)
