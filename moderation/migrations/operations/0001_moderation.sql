-- Every comment pulled, as evidence: it outlives its removal and its connection.
CREATE TABLE comment (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    course_external_id TEXT NOT NULL,
    author_external_id TEXT NOT NULL,
    author_name TEXT NOT NULL,
    place TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    attachments TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    has_replies BOOLEAN NOT NULL,
    removed BOOLEAN NOT NULL,
    written_at DOUBLE PRECISION NOT NULL,
    seen_at DOUBLE PRECISION NOT NULL,
    UNIQUE (connection_id, external_id)
);
CREATE INDEX comment_by_thread ON comment (connection_id, thread_id, written_at);
CREATE INDEX comment_by_author ON comment (connection_id, author_external_id, written_at);

-- Each wording that a comment ever had; an edit never loses what stood before.
CREATE TABLE comment_version (
    comment_id TEXT NOT NULL REFERENCES comment (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    attachments TEXT NOT NULL,
    seen_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (comment_id, sha256)
);

CREATE TABLE comment_report (
    comment_id TEXT NOT NULL REFERENCES comment (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    reporter TEXT NOT NULL,
    reason TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (comment_id, reporter)
);

CREATE TABLE intake_cursor (
    connection_id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    since DOUBLE PRECISION NOT NULL,
    pulled_at DOUBLE PRECISION NOT NULL
);

-- One case per comment. rank = weight less the time it was opened at, so that
-- the order of the queue does not depend on when it is asked for.
CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    comment_id TEXT NOT NULL UNIQUE REFERENCES comment (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    flags TEXT NOT NULL,
    reports INTEGER NOT NULL,
    reach INTEGER NOT NULL,
    weight DOUBLE PRECISION NOT NULL,
    rank DOUBLE PRECISION NOT NULL,
    handed_on_by TEXT,
    claimed_by TEXT,
    claimed_until DOUBLE PRECISION,
    version INTEGER NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    decided_at DOUBLE PRECISION
);
CREATE INDEX cases_by_rank ON cases (school_id, state, rank);

CREATE TABLE decision (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at DOUBLE PRECISION NOT NULL,
    action_id TEXT
);
CREATE INDEX decision_by_time ON decision (school_id, decided_at);
CREATE INDEX decision_by_case ON decision (case_id, decided_at);

-- The intent, then what came of it. earlier: the state that the end of a
-- suspension goes back to; original: what a restore puts back.
CREATE TABLE moderation_action (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    external_id TEXT NOT NULL,
    case_id TEXT REFERENCES cases (id) ON DELETE SET NULL,
    undo_of TEXT,
    requested_by TEXT NOT NULL,
    requested_at DOUBLE PRECISION NOT NULL,
    reason TEXT NOT NULL,
    until DOUBLE PRECISION,
    state TEXT NOT NULL,
    original TEXT,
    before TEXT,
    earlier TEXT,
    after TEXT,
    why TEXT,
    verified_at DOUBLE PRECISION,
    ended BOOLEAN NOT NULL,
    tries INTEGER NOT NULL,
    next_try_at DOUBLE PRECISION
);
CREATE INDEX moderation_action_due ON moderation_action (next_try_at);
CREATE INDEX moderation_action_by_subject ON moderation_action (connection_id, external_id);
CREATE INDEX moderation_action_by_time ON moderation_action (school_id, requested_at);

-- A school's own watched words, as TOML; no row: the starter lists.
CREATE TABLE moderation_rules (
    school_id TEXT PRIMARY KEY REFERENCES school (id) ON DELETE CASCADE,
    toml TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL
);
