-- Whether the platform says that the account administers it, or is the site's own: nobody
-- blocks it from here, whether or not its e-mail address is known.
ALTER TABLE platform_account ADD COLUMN administers BOOLEAN NOT NULL DEFAULT FALSE;

-- What an entry rests on: a comment's id and the SHA-256 of its wording, never a text.
-- It is sealed with the entry; doctor compares it with what is kept.
ALTER TABLE audit ADD COLUMN evidence TEXT;
CREATE INDEX audit_by_evidence ON audit (evidence) WHERE evidence IS NOT NULL;
