-- Who and where. Ids are text made in Python; times are seconds since 1970 UTC.
CREATE TABLE school (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    language TEXT NOT NULL,
    simulated BOOLEAN NOT NULL,
    clock_real DOUBLE PRECISION,
    clock_school DOUBLE PRECISION,
    clock_speed DOUBLE PRECISION,
    created_at DOUBLE PRECISION NOT NULL
);

CREATE TABLE account (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT,
    every_school BOOLEAN NOT NULL,
    password_hash TEXT NOT NULL,
    language TEXT,
    email TEXT,
    disabled BOOLEAN NOT NULL,
    created_at DOUBLE PRECISION NOT NULL
);

CREATE TABLE account_school (
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, school_id)
);

-- The cookie's value is never stored, only its SHA-256.
CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at DOUBLE PRECISION NOT NULL,
    seen_at DOUBLE PRECISION NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL
);

CREATE TABLE sign_in_try (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL
);
CREATE INDEX sign_in_try_at ON sign_in_try (at);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL
);

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at DOUBLE PRECISION NOT NULL,
    school_id TEXT,
    account_id TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (school_id, at);

CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    fence BIGINT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL
);

CREATE TABLE periodic_run (
    name TEXT NOT NULL,
    slot DOUBLE PRECISION NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (name, slot)
);

CREATE TABLE heartbeat (
    part TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    detail TEXT NOT NULL
);

-- One platform account of the school's, e.g. one Moodle site or one BigBlueButton server.
CREATE TABLE connection (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    platform TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    secret_sealed TEXT NOT NULL,
    options TEXT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    checked_at DOUBLE PRECISION,
    synced_at DOUBLE PRECISION,
    created_at DOUBLE PRECISION NOT NULL,
    UNIQUE (school_id, name)
);

CREATE TABLE person (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    language TEXT NOT NULL,
    level TEXT NOT NULL,
    grp TEXT NOT NULL,
    fields TEXT NOT NULL,
    source TEXT NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL
);
CREATE UNIQUE INDEX person_by_email ON person (school_id, email) WHERE email <> '';

CREATE TABLE platform_account (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
    external_id TEXT NOT NULL,
    person_id TEXT REFERENCES person (id) ON DELETE SET NULL,
    username TEXT NOT NULL,
    name TEXT NOT NULL,
    suspended BOOLEAN NOT NULL,
    last_seen_at DOUBLE PRECISION,
    gone BOOLEAN NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL,
    UNIQUE (connection_id, external_id)
);
CREATE INDEX platform_account_by_person ON platform_account (person_id);

CREATE TABLE guardian (
    person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    guardian_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    PRIMARY KEY (person_id, guardian_id)
);

CREATE TABLE course (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    connection_id TEXT REFERENCES connection (id) ON DELETE CASCADE,
    external_id TEXT NOT NULL,
    name TEXT NOT NULL,
    gone BOOLEAN NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL,
    UNIQUE (school_id, connection_id, external_id)
);

CREATE TABLE enrolment (
    course_id TEXT NOT NULL REFERENCES course (id) ON DELETE CASCADE,
    person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (course_id, person_id)
);
CREATE INDEX enrolment_by_person ON enrolment (person_id);

-- A room stands on one media server (a connection); external_id is the meeting's id there.
CREATE TABLE room (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
    external_id TEXT NOT NULL,
    name TEXT NOT NULL,
    form TEXT NOT NULL,
    seats INTEGER,
    course_id TEXT REFERENCES course (id) ON DELETE SET NULL,
    stream_url TEXT NOT NULL,
    gone BOOLEAN NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL,
    UNIQUE (connection_id, external_id)
);

CREATE TABLE lesson (
    id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    external_id TEXT NOT NULL,
    title TEXT NOT NULL,
    course_id TEXT REFERENCES course (id) ON DELETE SET NULL,
    room_id TEXT REFERENCES room (id) ON DELETE SET NULL,
    teacher_id TEXT REFERENCES person (id) ON DELETE SET NULL,
    starts_at DOUBLE PRECISION NOT NULL,
    ends_at DOUBLE PRECISION NOT NULL,
    expected INTEGER,
    gone BOOLEAN NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL,
    UNIQUE (school_id, external_id)
);
CREATE INDEX lesson_by_time ON lesson (school_id, starts_at)
