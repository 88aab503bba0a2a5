-- The chosen time is meant by each reader's own clock, not by the school's alone.
ALTER TABLE campaign ADD COLUMN by_zone BOOLEAN NOT NULL DEFAULT FALSE
