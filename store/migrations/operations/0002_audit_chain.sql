-- Each entry gets a place and a seal over itself and the one before; the head is the last of them.
ALTER TABLE audit ADD COLUMN place BIGINT;
ALTER TABLE audit ADD COLUMN seal TEXT;
CREATE UNIQUE INDEX audit_by_place ON audit (place);
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY,
    place BIGINT NOT NULL,
    seal TEXT NOT NULL
)
