-- The language in which somebody wants our mail, said behind the link in it; no sync changes it.
CREATE TABLE chosen_language (
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    language TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (school_id, email)
)
