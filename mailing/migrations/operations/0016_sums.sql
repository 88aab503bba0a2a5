-- The sums of a campaign in which nothing moves any more, as JSON; and who missed it, by name.
ALTER TABLE campaign ADD COLUMN summed TEXT;
CREATE INDEX delivery_missed ON delivery (campaign_id, state, name, id)
    WHERE state IN ('failed', 'held', 'suppressed')
