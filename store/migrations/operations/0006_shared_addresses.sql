-- One address may be several persons': brothers and sisters with their mother's. Nobody is told
-- apart by it any more; those whom it joined within one platform are parted at its next sync.
DROP INDEX person_by_email;
CREATE INDEX person_by_email ON person (school_id, email) WHERE email <> ''
