-- Attendance by lesson, counts alone: `counts` holds the most people in each minute from
-- 15 before the start, null where nobody could count. A lesson that was moved counts anew.
-- `forecast` is the newest, `early_*` what was foreseen ten minutes before the start.
CREATE TABLE lesson_count (
    lesson_id TEXT NOT NULL,
    starts_at DOUBLE PRECISION NOT NULL,
    ends_at DOUBLE PRECISION NOT NULL,
    school_id TEXT NOT NULL,
    course TEXT NOT NULL,
    teacher TEXT NOT NULL,
    day TEXT NOT NULL,
    expected INTEGER NOT NULL,
    seats INTEGER,
    counts TEXT NOT NULL,
    peak INTEGER NOT NULL,
    teacher_at DOUBLE PRECISION,
    counted_until DOUBLE PRECISION NOT NULL,
    forecast TEXT,
    foreseen_at DOUBLE PRECISION,
    early_p50 INTEGER,
    early_p80 INTEGER,
    early_full DOUBLE PRECISION,
    PRIMARY KEY (lesson_id, starts_at)
);
CREATE INDEX lesson_count_by_end ON lesson_count (school_id, ends_at)
