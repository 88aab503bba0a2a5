"""What a ledger of ten million rows answers: `python -m benchmarks.ledger_at_scale`.

A hundred campaigns to a hundred thousand people: what did this person get, who missed this
campaign, the sums that the screens show, and freezing the next campaign's audience. Medians
over a limit that is asked for end it with 1.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import asked, ledger
from benchmarks.long_history import opened
from console.wiring import PACKAGES
from mailing import campaigns, reached, releasing
from mailing.segments import Segment
from store import access, migrate
from store.db import Connection, Database, text

PEOPLE = 100_000
SHOWN = 500  # of those without it, as the campaign's page shows them
WITHIN = 10.0  # milliseconds for who got what, and who missed what
FROZEN = 3.0  # seconds for an audience
ASKED = 40  # times each question is asked, each time of another person or campaign


def questions(database: Database, school_id: str, ids: list[str]) -> dict[str, dict[str, float]]:
    actor = access.system(school_id)
    chance = random.Random(5)
    with database.read() as tx:
        found = tx.execute(
            text("SELECT id FROM person ORDER BY id LIMIT :n"), {"n": PEOPLE}
        ).scalars()
        people = chance.sample(found.all(), ASKED)
    over = [chance.choice(ids[:-1]) for _ in range(ASKED)]
    return {
        "what_a_person_got": _asked(database, lambda tx, n: reached.received(tx, actor, people[n])),
        "who_missed_it": _asked(
            database, lambda tx, n: reached.undelivered(tx, actor, over[n], limit=SHOWN)
        ),
        "who_missed_it_under_way": _asked(
            database, lambda tx, _n: reached.undelivered(tx, actor, ids[-1], limit=SHOWN)
        ),
        "sums": _asked(database, lambda tx, n: campaigns.totals(tx, actor, over[n])),
        "sums_under_way": _asked(database, lambda tx, _n: campaigns.totals(tx, actor, ids[-1])),
        "list_of_campaigns": _asked(database, lambda tx, _n: campaigns.of(tx, actor, school_id)),
    }


def _asked(
    database: Database, ask: Callable[[Connection, int], object], times: int = ASKED
) -> dict[str, float]:
    took, burnt = [], []
    for n in range(times):
        with database.read() as tx:
            started, cpu = time.perf_counter(), time.process_time()
            ask(tx, n)
            burnt.append(1000 * (time.process_time() - cpu))
            took.append(1000 * (time.perf_counter() - started))
    return {
        "median_ms": round(statistics.median(took), 2),
        "fastest_ms": round(min(took), 2),
        "longest_ms": round(max(took), 2),
        "own_cpu_ms": round(statistics.median(burnt), 2),
    }


def freezing(database: Database, school_id: str, now: datetime) -> dict[str, float]:
    """Releasing a campaign to everybody, the commit included: wall clock and CPU of three."""
    actor = access.system(school_id)
    took, cpu = [], []
    for n in range(3):
        with database.begin() as tx:
            id_ = campaigns.draft(
                tx,
                actor,
                school_id,
                subject={"en": "A"},
                body={"en": "B"},
                segment=Segment(everyone=True),
                sender="School <news@school.example>",
                now=now + timedelta(minutes=n),
            )
        started, burnt = time.perf_counter(), time.process_time()
        with database.begin() as tx:
            releasing.release(tx, actor, id_, now=now)
        took.append(time.perf_counter() - started)
        cpu.append(time.process_time() - burnt)
    return {"median_s": round(statistics.median(took), 2), "cpu_s": round(min(cpu), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=100)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--postgresql", action="store_true")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder), chosen.postgresql) as (database, _settings),
    ):
        now = datetime.now(UTC)
        migrate.apply(database, PACKAGES, now=now)
        began, burnt = time.monotonic(), time.process_time()
        school_id, ids = ledger.fill(database, chosen.people, chosen.campaigns, now)
        filled = {
            "rows": chosen.people * chosen.campaigns,
            "filled_in_s": round(time.monotonic() - began),
            "own_cpu_s": round(time.process_time() - burnt),
        }
        print(json.dumps(filled), file=sys.stderr, flush=True)
        told = questions(database, school_id, ids)
        frozen = freezing(database, school_id, now)
    figures = filled | told | {"freezing": frozen, "load": round(os.getloadavg()[0], 2)}
    print(json.dumps(vars(chosen) | figures))
    got, missed = (
        [figure["median_ms"] for name, figure in told.items() if name.startswith(start)]
        for start in ("what_a_person_got", "who_missed_it")
    )
    asked.end(
        {
            "who got what within 10 ms": max(got) <= WITHIN,
            "who missed what within 10 ms": max(missed) <= WITHIN,
            "an audience frozen within 3 s": frozen["median_s"] <= FROZEN,
        }
    )


if __name__ == "__main__":
    main()
