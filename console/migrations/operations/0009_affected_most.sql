-- `affected` is how many are so now, counted anew while the incident stands; the most at once is
-- what is told of it when it is over.
ALTER TABLE incident ADD COLUMN affected_most INTEGER NOT NULL DEFAULT 0;
UPDATE incident SET affected_most = affected
