-- The last answers, good or bad, by which flapping is recognised, also by the next prober.
ALTER TABLE latest ADD COLUMN answers TEXT NOT NULL DEFAULT '';
ALTER TABLE latest ADD COLUMN flapping BOOLEAN NOT NULL DEFAULT FALSE
