-- When a relay with a limit may get its next mail, whichever sender has it: seconds since 1970.
CREATE TABLE relay_pace (
    relay TEXT PRIMARY KEY,
    free_at DOUBLE PRECISION NOT NULL
)
