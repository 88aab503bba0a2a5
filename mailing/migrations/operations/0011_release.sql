-- When an author wants it to leave, until when it is still worth sending, and who else must agree:
-- asked_digest is of the text and of the audience that the second person agrees to.
ALTER TABLE campaign ADD COLUMN scheduled_for DOUBLE PRECISION;
ALTER TABLE campaign ADD COLUMN expires_at DOUBLE PRECISION;
ALTER TABLE campaign ADD COLUMN asked_by TEXT;
ALTER TABLE campaign ADD COLUMN asked_digest TEXT;
ALTER TABLE campaign ADD COLUMN approved_by TEXT
