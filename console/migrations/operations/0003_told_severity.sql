-- How grave a notice said it was: what was told as a doubt and fails is told again at once.

ALTER TABLE notice ADD COLUMN severity TEXT NOT NULL DEFAULT ''
