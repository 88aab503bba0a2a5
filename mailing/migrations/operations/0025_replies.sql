-- Where readers' answers go; without a row, or with '', to the sender of the letter.
CREATE TABLE replies (
    school_id TEXT PRIMARY KEY REFERENCES school (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL
);

ALTER TABLE campaign ADD COLUMN replies TEXT NOT NULL DEFAULT ''
