-- Since when the answers of its server leave a room out; NULL: the last one named it.
ALTER TABLE room_latest ADD COLUMN absent_since DOUBLE PRECISION;
UPDATE room_latest SET absent_since = at WHERE NOT running
