-- Somebody's word gave the account to another person than had it. One person alone can say so:
-- it binds nobody else the way an address does (moderation.staff).
ALTER TABLE platform_account ADD COLUMN moved BOOLEAN NOT NULL DEFAULT FALSE;
