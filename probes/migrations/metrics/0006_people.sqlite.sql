-- The most people in each room and on each server by minutes and hours, made with those of
-- `rolled`; what was counted before is made here.
CREATE TABLE room_minute (
    room INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    participants INTEGER NOT NULL,
    PRIMARY KEY (room, bucket)
) WITHOUT ROWID;

CREATE TABLE room_hour (
    room INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    participants INTEGER NOT NULL,
    PRIMARY KEY (room, bucket)
) WITHOUT ROWID;

CREATE TABLE crowd_minute (
    series INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    participants INTEGER NOT NULL,
    PRIMARY KEY (series, bucket)
) WITHOUT ROWID;

CREATE TABLE crowd_hour (
    series INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    participants INTEGER NOT NULL,
    PRIMARY KEY (series, bucket)
) WITHOUT ROWID;

INSERT INTO room_minute (room, bucket, participants)
SELECT room, CAST(at / 60 AS INTEGER) * 60, MAX(participants) FROM room_sample
WHERE participants IS NOT NULL AND at < (SELECT minute FROM rolled)
GROUP BY room, CAST(at / 60 AS INTEGER) * 60;

INSERT INTO room_hour (room, bucket, participants)
SELECT room, CAST(bucket / 3600 AS INTEGER) * 3600, MAX(participants) FROM room_minute
WHERE bucket < (SELECT hour FROM rolled)
GROUP BY room, CAST(bucket / 3600 AS INTEGER) * 3600;

INSERT INTO crowd_minute (series, bucket, participants)
SELECT series, CAST(at / 60 AS INTEGER) * 60, MAX(participants) FROM crowd
WHERE participants IS NOT NULL AND at < (SELECT minute FROM rolled)
GROUP BY series, CAST(at / 60 AS INTEGER) * 60;

INSERT INTO crowd_hour (series, bucket, participants)
SELECT series, CAST(bucket / 3600 AS INTEGER) * 3600, MAX(participants) FROM crowd_minute
WHERE bucket < (SELECT hour FROM rolled)
GROUP BY series, CAST(bucket / 3600 AS INTEGER) * 3600
