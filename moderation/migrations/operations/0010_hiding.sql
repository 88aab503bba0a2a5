-- hides: the digest of the wording that a rule took down until somebody decides; none: a person
-- asked for it.
ALTER TABLE moderation_action ADD COLUMN hides TEXT
