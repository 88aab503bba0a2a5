-- The last sign of life that each target of the push prober sent by itself.
CREATE TABLE push_beat (
    target_id TEXT PRIMARY KEY REFERENCES target (id) ON DELETE CASCADE,
    at DOUBLE PRECISION NOT NULL,
    code INTEGER NOT NULL
);
