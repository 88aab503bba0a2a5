-- What the checks' time went into: the phases of a minute's checks added up, in microseconds.
CREATE TABLE phase_minute (
    series INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    phase TEXT NOT NULL,
    n INTEGER NOT NULL,
    micros_sum BIGINT NOT NULL,
    micros_max BIGINT NOT NULL,
    PRIMARY KEY (series, bucket, phase)
) WITHOUT ROWID;

CREATE TABLE phase_hour (
    series INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    phase TEXT NOT NULL,
    n INTEGER NOT NULL,
    micros_sum BIGINT NOT NULL,
    micros_max BIGINT NOT NULL,
    PRIMARY KEY (series, bucket, phase)
) WITHOUT ROWID;

-- Checks under maintenance, which count neither as well nor as bad.
ALTER TABLE rollup_minute ADD COLUMN n_planned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollup_hour ADD COLUMN n_planned INTEGER NOT NULL DEFAULT 0
