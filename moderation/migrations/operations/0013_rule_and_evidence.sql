-- The rule of the house that a decision goes by, apart from what the moderator noted.
ALTER TABLE decision ADD COLUMN rule TEXT NOT NULL DEFAULT '';

-- The wording that the platform showed right before the call, as moderation.evidence names it.
ALTER TABLE moderation_action ADD COLUMN evidence TEXT;
