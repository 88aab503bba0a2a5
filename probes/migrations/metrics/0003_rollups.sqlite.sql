-- Minutes and hours, each made once of what is shorter when it is over; the step of
-- 5 minutes lives on among the minutes, days are read as hours.
CREATE TABLE rollup_minute (
    series INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    n INTEGER NOT NULL,
    n_up INTEGER NOT NULL,
    n_timed INTEGER NOT NULL,
    seconds_sum DOUBLE PRECISION NOT NULL,
    seconds_max DOUBLE PRECISION,
    PRIMARY KEY (series, bucket)
) WITHOUT ROWID;

CREATE TABLE rollup_hour (
    series INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    n INTEGER NOT NULL,
    n_up INTEGER NOT NULL,
    n_timed INTEGER NOT NULL,
    seconds_sum DOUBLE PRECISION NOT NULL,
    seconds_max DOUBLE PRECISION,
    PRIMARY KEY (series, bucket)
) WITHOUT ROWID;

-- One row: until when all minutes and all hours are made.
CREATE TABLE rolled (
    minute DOUBLE PRECISION NOT NULL,
    hour DOUBLE PRECISION NOT NULL
);

INSERT INTO rolled (minute, hour) SELECT
    COALESCE((SELECT MAX(bucket) FROM rollup_5m), 0),
    COALESCE((SELECT MAX(bucket) FROM rollup_1h), 0);

INSERT INTO rollup_minute (series, bucket, n, n_up, n_timed, seconds_sum, seconds_max)
SELECT series, bucket, n, n_up, n_timed, seconds_sum, seconds_max FROM rollup_5m
WHERE bucket < (SELECT minute FROM rolled);

INSERT INTO rollup_hour (series, bucket, n, n_up, n_timed, seconds_sum, seconds_max)
SELECT series, bucket, n, n_up, n_timed, seconds_sum, seconds_max FROM rollup_1h
WHERE bucket < (SELECT hour FROM rolled);

DROP TABLE rollup_5m;
DROP TABLE rollup_1h;
DROP TABLE rollup_1d
