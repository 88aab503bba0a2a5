-- What bound when a chance was told early. Where lessons share it (`early_of`: the connection or the
-- platform), `early_seats` are all of its seats, and `pool_peak` the most people who were on it
-- while the lesson was held: whether "every seat is taken" came true is told by them.
ALTER TABLE lesson_count ADD COLUMN early_kind TEXT;
ALTER TABLE lesson_count ADD COLUMN early_of TEXT;
ALTER TABLE lesson_count ADD COLUMN pool_peak INTEGER
