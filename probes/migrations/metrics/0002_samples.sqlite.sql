-- Everything over time; `series` is latest.id, `room` is room_latest.id.
CREATE TABLE sample (
    series INTEGER NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    state INTEGER NOT NULL,
    seconds DOUBLE PRECISION,
    PRIMARY KEY (series, at)
) WITHOUT ROWID;

-- People in all rooms of one media server, at each reading that came through.
CREATE TABLE crowd (
    series INTEGER NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    participants INTEGER NOT NULL,
    PRIMARY KEY (series, at)
) WITHOUT ROWID;

CREATE TABLE room_sample (
    room INTEGER NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    participants INTEGER,
    PRIMARY KEY (room, at)
) WITHOUT ROWID;

CREATE TABLE rollup_5m (
    series INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    n INTEGER NOT NULL,
    n_up INTEGER NOT NULL,
    n_timed INTEGER NOT NULL,
    seconds_sum DOUBLE PRECISION NOT NULL,
    seconds_min DOUBLE PRECISION,
    seconds_max DOUBLE PRECISION,
    PRIMARY KEY (series, bucket)
) WITHOUT ROWID;

CREATE TABLE rollup_1h (
    series INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    n INTEGER NOT NULL,
    n_up INTEGER NOT NULL,
    n_timed INTEGER NOT NULL,
    seconds_sum DOUBLE PRECISION NOT NULL,
    seconds_min DOUBLE PRECISION,
    seconds_max DOUBLE PRECISION,
    PRIMARY KEY (series, bucket)
) WITHOUT ROWID;

CREATE TABLE rollup_1d (
    series INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    n INTEGER NOT NULL,
    n_up INTEGER NOT NULL,
    n_timed INTEGER NOT NULL,
    seconds_sum DOUBLE PRECISION NOT NULL,
    seconds_min DOUBLE PRECISION,
    seconds_max DOUBLE PRECISION,
    PRIMARY KEY (series, bucket)
) WITHOUT ROWID;
