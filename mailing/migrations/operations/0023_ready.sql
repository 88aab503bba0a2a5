-- Why a letter went out although something stopped it. Words without the readers' names.
CREATE TABLE overruling (
    campaign_id TEXT PRIMARY KEY REFERENCES campaign (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    findings TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL
);

-- What the last look at a draft's links found; it counts while these links stand in the text.
CREATE TABLE link_look (
    campaign_id TEXT PRIMARY KEY REFERENCES campaign (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    links TEXT NOT NULL,
    dead TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL
)
