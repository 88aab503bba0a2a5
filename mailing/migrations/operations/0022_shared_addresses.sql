-- Still one letter to an address, but for those marked: the letter of another person with it.
ALTER TABLE delivery ADD COLUMN shares BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX delivery_once;
CREATE UNIQUE INDEX delivery_once ON delivery (campaign_id, email)
    WHERE email <> '' AND NOT shares
