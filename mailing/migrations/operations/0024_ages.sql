-- Who is a minor, as a table told: a day of birth (ISO, or ''), else a mark (yes, no or '').
-- Apart from the person, whose fields go along with letters and stand in the ledger.
CREATE TABLE age (
    person_id TEXT PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    school_id TEXT NOT NULL REFERENCES school (id) ON DELETE CASCADE,
    born TEXT NOT NULL,
    minor TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL
)
