"""What was foreseen of each lesson: the newest forecast, and how true those of the past were."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from probes.capacity import Limit, Pool
from probes.forecasting.forecast import TWICE
from probes.forecasting.model import AHEAD, Forecast, Point
from probes.lessons import KEEP, Key
from store import access
from store.access import Actor
from store.db import Connection, instant, text

EARLY = 10  # minutes before the start at which a forecast is kept to be judged
JUDGED = timedelta(minutes=AHEAD - EARLY)  # after the start: so far it had looked


@dataclass(frozen=True)
class Foreseen:
    """One lesson's forecast, made `at` this real time and `minute` of the lesson.

    `limit`: what binds, with what the others take of it. `counts`: from LEAD before the start.
    `most`: the most people in it in each of some draws, to be added up with other lessons'; ()
    where nobody asks.
    """

    lesson_id: str
    starts_at: datetime
    at: datetime
    forecast: Forecast
    limit: Limit | None
    minute: float
    counts: tuple[int | None, ...] = ()
    most: tuple[int, ...] = ()


@dataclass(frozen=True)
class Pooled:
    """A lesson of which it was told early that a server's or a licence's seats bind.

    `people`: the most who were counted on it at once from the start `until` then.
    """

    lesson_id: str
    starts_at: datetime
    until: datetime
    pool: Pool
    people: int = 0


@dataclass(frozen=True)
class Record:
    """Forecasts made ten minutes before the start, against the most people who then came."""

    lessons: int
    miss: float  # mean of |P50 - actual| / actual
    within: float  # share of lessons at or under P80
    brier: float | None  # of "every seat is taken" of what bound then; None: nobody knows


def write(mtx: Connection, actor: Actor, school_id: str, foreseen: Sequence[Foreseen]) -> None:
    """Keep them with their lessons, which must be counted; those early enough to be judged."""
    access.require(actor, "steer", school_id)
    if not foreseen:
        return
    mtx.execute(
        text("""
            UPDATE lesson_count SET forecast = :forecast, foreseen_at = :at,
                early_p50 = CASE WHEN :early THEN :p50 ELSE early_p50 END,
                early_p80 = CASE WHEN :early THEN :p80 ELSE early_p80 END,
                early_full = CASE WHEN :early THEN :full ELSE early_full END,
                early_seats = CASE WHEN :early THEN :seats ELSE early_seats END,
                early_kind = CASE WHEN :early THEN :kind ELSE early_kind END,
                early_of = CASE WHEN :early THEN :of ELSE early_of END
            WHERE lesson_id = :lesson AND starts_at = :starts AND school_id = :school
        """),
        [_values(school_id, one) for one in foreseen],
    )


def newest(
    mtx: Connection, actor: Actor, school_id: str, *, since: datetime
) -> dict[Key, Foreseen]:
    """By lesson and start, of those that end after `since`, in school time."""
    access.require(actor, "see", school_id)
    rows = mtx.execute(
        text("""
            SELECT lesson_id, starts_at, foreseen_at, forecast, counts FROM lesson_count
            WHERE school_id = :school AND ends_at > :since AND forecast IS NOT NULL
        """),
        {"school": school_id, "since": since},
    )
    found = [_foreseen(row) for row in rows]
    return {(one.lesson_id, one.starts_at): one for one in found}


def pooled(mtx: Connection, actor: Actor, school_id: str, *, since: datetime) -> list[Pooled]:
    """Of the lessons that end after `since`, in school time."""
    access.require(actor, "see", school_id)
    rows = mtx.execute(
        text("""
            SELECT lesson_id, starts_at, ends_at, early_kind, early_of FROM lesson_count
            WHERE school_id = :school AND ends_at > :since
              AND early_kind IN ('server', 'licence')
        """),
        {"school": school_id, "since": since},
    )
    return [
        Pooled(
            row.lesson_id,
            starts_at := instant(row.starts_at),
            min(instant(row.ends_at), starts_at + JUDGED),
            (row.early_kind, row.early_of),
        )
        for row in rows
    ]


def reach(mtx: Connection, actor: Actor, school_id: str, reached: Sequence[Pooled]) -> None:
    """Keep how many were counted; the most stands."""
    access.require(actor, "steer", school_id)
    if not reached:
        return
    mtx.execute(
        text("""
            UPDATE lesson_count SET pool_peak = :people
            WHERE lesson_id = :lesson AND starts_at = :starts AND school_id = :school
              AND (pool_peak IS NULL OR pool_peak < :people)
        """),
        [
            {
                "school": school_id,
                "lesson": each.lesson_id,
                "starts": each.starts_at,
                "people": each.people,
            }
            for each in reached
        ],
    )


def turning_away(
    mtx: Connection, actor: Actor, school_id: str, *, until: datetime
) -> frozenset[Pool]:
    """The servers and licences that were full on two days of the last term and never above it."""
    access.require(actor, "see", school_id)
    rows = mtx.execute(
        text(f"""
            SELECT early_kind, early_of FROM lesson_count
            WHERE school_id = :school AND ends_at <= :until AND ends_at > :since
              AND early_kind IN ('server', 'licence') AND pool_peak >= early_seats
            GROUP BY early_kind, early_of
            HAVING COUNT(DISTINCT day) >= {TWICE} AND MAX(pool_peak - early_seats) <= 0
        """),
        {"school": school_id, "until": until, "since": until - KEEP},
    )
    return frozenset((row.early_kind, row.early_of) for row in rows)


def record(mtx: Connection, actor: Actor, school_id: str, *, until: datetime) -> Record | None:
    """How true the forecasts were over the last term; None: none can be judged yet."""
    access.require(actor, "see", school_id)
    row = mtx.execute(
        text("""
            SELECT COUNT(*) AS lessons, AVG(ABS(early_p50 - peak) * 1.0 / peak) AS miss,
                   AVG(CASE WHEN peak <= early_p80 THEN 1.0 ELSE 0.0 END) AS inside,
                   AVG((early_full - filled) * (early_full - filled)) AS brier
            FROM (SELECT peak, early_p50, early_p80, early_full,
                         CASE WHEN early_seats IS NULL THEN NULL
                              WHEN early_kind IN ('server', 'licence') AND pool_peak IS NULL
                                  THEN NULL
                              WHEN early_kind IN ('server', 'licence')
                                  THEN CASE WHEN pool_peak >= early_seats THEN 1.0 ELSE 0.0 END
                              WHEN peak >= early_seats THEN 1.0 ELSE 0.0 END AS filled
                  FROM lesson_count
                  WHERE school_id = :school AND ends_at <= :until AND ends_at > :since
                    AND peak > 0 AND early_p50 IS NOT NULL) AS past
        """),
        {"school": school_id, "until": until, "since": until - KEEP},
    ).one()
    if not row.lessons:
        return None
    brier = None if row.brier is None else float(row.brier)
    return Record(int(row.lessons), float(row.miss), float(row.inside), brier)


def _values(school_id: str, one: Foreseen) -> dict[str, object]:
    forecast, limit = one.forecast, one.limit
    # Nobody counts the lessons of one room apart: what was told of all its seats is not judged.
    judged = None if limit and limit.kind == "room" and forecast.together else limit
    return {
        "school": school_id,
        "lesson": one.lesson_id,
        "starts": one.starts_at,
        "at": one.at,
        "forecast": json.dumps(
            {
                "forecast": asdict(forecast),
                "limit": asdict(limit) if limit else None,
                "minute": one.minute,
                "most": one.most,
            }
        ),
        "early": one.minute <= -EARLY and forecast.enough,
        "p50": forecast.wanted.p50,
        "p80": forecast.wanted.p80,
        "full": forecast.full,
        "seats": judged.seats if judged else None,
        "kind": judged.kind if judged else None,
        "of": judged.of if judged else None,
    }


def _foreseen(row: Row[Any]) -> Foreseen:
    said = json.loads(row.forecast)
    told = said["forecast"]
    points = tuple(Point(**point) for point in told.pop("points"))
    together = told.pop("together", None)
    return Foreseen(
        row.lesson_id,
        instant(row.starts_at),
        instant(row.foreseen_at),
        Forecast(
            points,
            Point(**told.pop("wanted")),
            **told,
            together=Point(**together) if together else None,
        ),
        Limit(**said["limit"]) if said["limit"] else None,
        said["minute"],
        tuple(json.loads(row.counts)),
        tuple(said.get("most", ())),
    )
