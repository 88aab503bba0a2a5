-- What a person got is asked for campaign by campaign. An index by person alone had a page for each
-- person in a ledger of millions, and freezing an audience wrote all of them.
DROP INDEX delivery_by_person;
CREATE INDEX delivery_by_person ON delivery (campaign_id, person_id) WHERE person_id IS NOT NULL
