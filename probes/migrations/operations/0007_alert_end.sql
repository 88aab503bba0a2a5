-- Why an alert is over though nobody saw the target answer: words as JSON; empty: it did answer.
ALTER TABLE alert ADD COLUMN ended TEXT
