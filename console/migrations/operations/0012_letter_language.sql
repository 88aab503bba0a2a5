-- The language that a letter is written in, for its page; '': it was written before.
ALTER TABLE letter ADD COLUMN language TEXT NOT NULL DEFAULT ''
