-- The seats that what bound then had left: whether "every seat is taken" came true is told by them.
ALTER TABLE lesson_count ADD COLUMN early_seats INTEGER
