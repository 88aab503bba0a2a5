-- How an account came to its person: by the platforms' own lists and their e-mail
-- addresses ('roster'), or because somebody said so: it is theirs ('hand'), or it is
-- not ('apart'). What a person said, no list changes.
ALTER TABLE platform_account ADD COLUMN linked TEXT NOT NULL DEFAULT 'roster';
ALTER TABLE platform_account ADD COLUMN linked_by TEXT;
ALTER TABLE platform_account ADD COLUMN linked_at DOUBLE PRECISION;

-- Suggestions that somebody has looked at: they do not come again.
CREATE TABLE link_refused (
    person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES platform_account (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    refused_by TEXT NOT NULL,
    refused_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (person_id, account_id)
);
