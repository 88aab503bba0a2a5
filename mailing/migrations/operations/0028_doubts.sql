-- How often a mail was handed over without an answer, so that it may have arrived.
ALTER TABLE delivery ADD COLUMN doubts INTEGER NOT NULL DEFAULT 0
