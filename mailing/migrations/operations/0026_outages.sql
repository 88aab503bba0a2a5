-- A domain most of whose addresses were refused as unknown at once: more likely its directory is at
-- fault than all of them are. `dead`: how many were, each try counted; `seen_at`: the last of them.
CREATE TABLE domain_outage (
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    domain TEXT NOT NULL,
    since DOUBLE PRECISION NOT NULL,
    seen_at DOUBLE PRECISION NOT NULL,
    dead INTEGER NOT NULL,
    PRIMARY KEY (school_id, domain)
);

-- Bytes of a mail that a relay takes, as it last said (RFC 1870).
CREATE TABLE relay_size (
    relay TEXT PRIMARY KEY,
    most BIGINT NOT NULL
);

-- Until when all senders leave a domain alone through a relay, because it puts off what comes.
CREATE TABLE domain_rest (
    relay TEXT NOT NULL,
    domain TEXT NOT NULL,
    until DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (relay, domain)
)
