-- A channel for the safeguarding lead: told of welfare alarms, and of nothing else.
ALTER TABLE channel ADD COLUMN welfare BOOLEAN NOT NULL DEFAULT FALSE
