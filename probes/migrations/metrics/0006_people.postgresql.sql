-- The most people in each room and on each server by minutes and hours, made with those of
-- `rolled`; what was counted before is made here.
CREATE TABLE room_minute (
    room INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    participants INTEGER NOT NULL,
    PRIMARY KEY (room, bucket)
);

CREATE TABLE room_hour (
    room INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    participants INTEGER NOT NULL,
    PRIMARY KEY (room, bucket)
);

CREATE TABLE crowd_minute (
    series INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    participants INTEGER NOT NULL,
    PRIMARY KEY (series, bucket)
);

CREATE TABLE crowd_hour (
    series INTEGER NOT NULL,
    bucket DOUBLE PRECISION NOT NULL,
    participants INTEGER NOT NULL,
    PRIMARY KEY (series, bucket)
);

INSERT INTO room_minute (room, bucket, participants)
SELECT room, FLOOR(at / 60) * 60, MAX(participants) FROM room_sample
WHERE participants IS NOT NULL AND at < (SELECT minute FROM rolled)
GROUP BY room, FLOOR(at / 60) * 60;

INSERT INTO room_hour (room, bucket, participants)
SELECT room, FLOOR(bucket / 3600) * 3600, MAX(participants) FROM room_minute
WHERE bucket < (SELECT hour FROM rolled)
GROUP BY room, FLOOR(bucket / 3600) * 3600;

INSERT INTO crowd_minute (series, bucket, participants)
SELECT series, FLOOR(at / 60) * 60, MAX(participants) FROM crowd
WHERE participants IS NOT NULL AND at < (SELECT minute FROM rolled)
GROUP BY series, FLOOR(at / 60) * 60;

INSERT INTO crowd_hour (series, bucket, participants)
SELECT series, FLOOR(bucket / 3600) * 3600, MAX(participants) FROM crowd_minute
WHERE bucket < (SELECT hour FROM rolled)
GROUP BY series, FLOOR(bucket / 3600) * 3600
