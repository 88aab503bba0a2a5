-- The platform's own time of the wording that is shown; an older one never takes its place.
ALTER TABLE comment ADD COLUMN revised_at DOUBLE PRECISION;

-- What platforms delivered by themselves, by hash, for as long as it is taken at all.
CREATE TABLE hook_delivery (
    connection_id TEXT NOT NULL,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (connection_id, sha256)
);
CREATE INDEX hook_delivery_by_time ON hook_delivery (at);
