-- Seats of a server that the people of a lesson will take who are on their way there (`came_from`:
-- the connection they leave). It counts until then, or until as many are in the room there.
CREATE TABLE seat_promise (
    lesson_id TEXT PRIMARY KEY REFERENCES lesson (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    came_from TEXT NOT NULL,
    people INTEGER NOT NULL,
    until DOUBLE PRECISION NOT NULL
);
CREATE INDEX seat_promise_by_school ON seat_promise (school_id)
