-- Rows are claimed campaign by campaign, in the order in which they are due; a claim that is not
-- begun is told from one that is by the sender's own file, so `claimed` is no state any more.
UPDATE delivery SET state = 'due', owner = NULL, lease_until = NULL WHERE state = 'claimed';
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (campaign_id, next_at) WHERE state = 'due';
DROP INDEX delivery_leased;
DROP INDEX delivery_by_person;
CREATE INDEX delivery_by_person ON delivery (person_id) WHERE person_id IS NOT NULL
