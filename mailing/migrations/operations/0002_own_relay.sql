-- The relay that a send file names, sealed; without one the school's is used.
ALTER TABLE campaign ADD COLUMN relay_sealed TEXT
