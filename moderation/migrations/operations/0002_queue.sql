-- The queue in its own order, and its count, read from an index alone.
DROP INDEX cases_by_rank;
CREATE INDEX cases_waiting ON cases (school_id, rank DESC, id) WHERE state = 'waiting';
CREATE INDEX cases_waiting_since ON cases (school_id, handed_on_by, created_at)
    WHERE state = 'waiting'
