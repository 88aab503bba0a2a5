-- The rooms in which a connection's blocks and mutes are laid on, as last read, as JSON; and since
-- when there is one more of them, so that what was seen before that is laid on there too.
CREATE TABLE moderated_places (
    connection_id TEXT PRIMARY KEY,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    places TEXT NOT NULL,
    looked_at DOUBLE PRECISION NOT NULL,
    grown_at DOUBLE PRECISION NOT NULL
)
