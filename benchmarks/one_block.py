"""One person on three platforms, blocked and lifted: `python -m benchmarks.one_block`.

A real Synapse, a real ejabberd and the campus's Moodle, each with an account of the
person, linked by hand. Prints how long a block takes from the decision to the last
read-back, the lift likewise, and for how many the servers themselves then say exactly
what they had said before; says whether what is asked is met, and ends with 1 if not.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import asked
from console.wiring import PACKAGES
from moderation.model import Receipt
from store import db, migrate
from tests import one_person
from tests.ejabberd import Ejabberd
from tests.one_person import World
from tests.stand_in import open_campus
from tests.synapse import Synapse

LONGEST = 5.0  # seconds that a block may take


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as servers:
        folder = Path(name)
        for place in ("synapse", "ejabberd"):
            (folder / place).mkdir()
        synapse, ejabberd = Synapse(folder / "synapse"), Ejabberd(folder / "ejabberd")
        servers.enter_context(synapse.up())
        servers.enter_context(ejabberd.up())
        campus = servers.enter_context(open_campus())
        opened = db.connect(folder / "data")
        migrate.apply(opened, PACKAGES, now=datetime.now(UTC))
        world = one_person.world(opened, synapse, ejabberd, campus)
        figures = _measured(world, chosen.people)
        opened.close()
    print(json.dumps(vars(chosen) | figures | {"load": os.getloadavg()[0]}))
    asked.end(
        {
            f"every block within {LONGEST:g} s": figures["block_s_worst"] <= LONGEST,
            "verified on all three": figures["verified_everywhere"] == chosen.people,
            "lifted to how it stood": figures["stands_exactly_as_before"] == chosen.people,
        }
    )


def _measured(world: World, people: int) -> dict[str, float]:
    blocks, lifts, exact, verified = [], [], 0, 0
    for number in range(people):
        who = world.somebody(number)
        stood = world.stands(who)
        began = time.monotonic()
        measure = world.impose(who)
        blocked = world.do(measure)
        blocks.append(time.monotonic() - began)
        there = world.stands(who)
        began = time.monotonic()
        lifted = world.do(world.lift(measure))
        lifts.append(time.monotonic() - began)
        verified += _all(blocked) and _all(lifted) and _out(there)
        exact += world.stands(who) == stood
    return {
        "block_s_median": round(statistics.median(blocks), 2),
        "block_s_worst": round(max(blocks), 2),
        "lift_s_median": round(statistics.median(lifts), 2),
        "lift_s_worst": round(max(lifts), 2),
        "verified_everywhere": verified,
        "stands_exactly_as_before": exact,
    }


def _all(receipts: list[Receipt]) -> bool:
    return all(one.state == "verified" for one in receipts)


def _out(there: dict[str, object]) -> bool:
    """By the servers' own word they were out of everything."""
    synapse = there["Synapse"]
    assert isinstance(synapse, dict)
    return bool(there["Moodle"] and synapse["suspended"]) and there["ejabberd"] == ["outcast"] * 3


if __name__ == "__main__":
    main()
