-- Where to go on by the platform's own cursor, opaque to Pult; '' where there is none.
ALTER TABLE intake_cursor ADD COLUMN place TEXT NOT NULL DEFAULT ''
