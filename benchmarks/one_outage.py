"""One outage, one alert: `python -m benchmarks.one_outage`.

A parent and its children are one nginx on loopback, which ends; with `--hang` it
goes on taking connections and answers none. A target beside it fails every other
probe, and then no more. With `--restarts` the parent hangs while its children fail at
once, the prober is killed in mid-outage and started anew, and then the server is well
again; every fourth child is checked once a minute.
Prints how many alerts were ever open for each, and what the outage cost the
prober's process beside the calm before it.
"""

import argparse
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path

from benchmarks import asked
from benchmarks.probed import cpu, probed, prober, school_with, site
from probes import targets
from probes.model import SEVERITY, State
from store import access, schools
from store.db import Database, text
from tests.sites import say, web

LONGEST = 180.0  # seconds that anything may take
HANGING = 8.0  # seconds of an answer: more than a probe waits
AGAIN = 30.0  # seconds that a prober started in mid-outage has to alert wrongly
RARELY = timedelta(seconds=60)  # between the checks of every fourth child
CALM = 20.0  # seconds that the cost of calm, and of an outage, is measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=1000)
    parser.add_argument("--interval", type=float, default=5.0)
    parser.add_argument("--hang", action="store_true", help="the children hang, and do not refuse")
    parser.add_argument("--restarts", action="store_true", help="of prober and server")
    chosen = parser.parse_args()
    interval = timedelta(seconds=chosen.interval)
    if chosen.restarts:
        figures = restarted(chosen.children, interval)
        print(json.dumps(vars(chosen) | figures | {"load": os.getloadavg()[0]}))
        asked.end(
            {
                "one outage is one alert, whatever is restarted": figures["alerts_of_the_outage"]
                == 1
                and figures["alerts_of_children"] == 0
            }
        )
        return
    with tempfile.TemporaryDirectory() as name, flapping() as (restless, settle):
        data = Path(name) / "data"
        with ExitStack() as outage:
            nginx = outage.enter_context(site(Path(name) / "nginx"))
            addresses = [f"{nginx.new}{n}" for n in range(chosen.children + 1)]
            database = school_with(data, [*addresses, restless], interval=interval)
            hang_on_the_first(database, chosen.children)
            with prober(data) as pid:
                until(lambda: probed(database) == chosen.children + 2)
                calm = cost(pid)
                if chosen.hang:
                    outage.enter_context(hanging(Path(name) / "nginx"))
                else:
                    outage.close()
                figures = followed(database, pid, chosen.children) | {"calm_core_percent": calm}
                figures |= flapped(database, settle)
        database.close()
    print(json.dumps(vars(chosen) | figures | {"load": os.getloadavg()[0]}))
    asked.end(
        {
            "one outage is one alert": figures["alerts_of_the_outage"] == 1
            and figures["alerts_of_children"] == 0,
            "a target that flaps is one alert that says so": figures["alerts_of_flapping"] == 1
            and figures["that_say_flapping"] == 1,
        }
    )


def restarted(children: int, interval: timedelta) -> dict[str, float]:
    """Kill the prober in mid-outage, and let the server be well again under the next one."""
    failing: list[bool] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if failing and handler.path == "/":
            time.sleep(HANGING)
        say(handler, b"", 503 if failing else 200)

    with tempfile.TemporaryDirectory() as name, web(answer) as address:
        data = Path(name) / "data"
        addresses = [f"{address}/", *(f"{address}/{n}" for n in range(children))]
        database = school_with(data, addresses, interval=interval)
        hang_on_the_first(database, children, rarely=RARELY)
        with prober(data) as pid:
            until(lambda: in_state(database, State.OK) > children)
            failing.append(True)
            until(lambda: in_state(database, State.DOWN) > children)
            os.kill(pid, signal.SIGKILL)
        with prober(data):
            time.sleep(AGAIN)
            failing.clear()
            began = time.monotonic()
            until(lambda: in_state(database, State.OK) > children)
            figures = {
                "all_well_s": round(time.monotonic() - began, 1),
                "alerts_of_the_outage": alerts(database, "Target 00000", "%"),
                "alerts_of_children": alerts(database, "Target %", "%")
                - alerts(database, "Target 00000", "%"),
            }
        database.close()
    return figures


@contextmanager
def hanging(folder: Path) -> Iterator[None]:
    """Have the nginx take connections and answer none."""
    nginx = int((folder / "nginx.pid").read_text(encoding="utf-8"))
    os.kill(nginx, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(nginx, signal.SIGCONT)


def followed(database: Database, pid: int, children: int) -> dict[str, float]:
    began, used = time.monotonic(), cpu(pid)
    until(lambda: in_state(database, State.DOWN) > children)
    down = time.monotonic() - began
    time.sleep(max(CALM - down, 0))
    took, used = time.monotonic() - began, cpu(pid) - used
    return {
        "all_down_s": round(down, 1),
        "outage_core_percent": round(100 * used / took, 1),
        "alerts_of_the_outage": alerts(database, "Target 00000", "failure"),
        "alerts_of_children": alerts(database, "Target 0%", "failure") - 1,
    }


def flapped(database: Database, settle: Callable[[], None]) -> dict[str, float]:
    """Ever opened by the one that flaps, until it was calm and its alert had closed."""
    name = last(database)
    settle()
    began = time.monotonic()
    until(lambda: alerts(database, name, "flapping", still_open=True) == 0)
    return {
        "alerts_of_flapping": alerts(database, name, "%"),
        "that_say_flapping": alerts(database, name, "flapping"),
        "closed_after_calm_s": round(time.monotonic() - began, 1),
    }


@contextmanager
def flapping() -> Iterator[tuple[str, Callable[[], None]]]:
    """A site that fails every other time, and a call after which it does not."""
    asked = count()
    settled: list[bool] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        say(handler, b"", 200 if settled or next(asked) % 2 else 503)

    with web(answer) as address:
        yield address, lambda: settled.append(True)


def hang_on_the_first(
    database: Database, children: int, *, rarely: timedelta | None = None
) -> None:
    """Make the first target the parent of the others; every fourth is checked `rarely`."""
    with database.begin() as tx:
        (school_id,) = schools.every_id(tx)
        actor = access.system(school_id)
        parent, *others = targets.of(tx, actor, school_id)
        for n, child in enumerate(others[:children]):
            every = rarely if rarely and n % 4 == 0 else child.interval
            changed = replace(child, parent_ids=(parent.id,), interval=every)
            targets.change(tx, actor, changed, now=datetime.now(UTC))


def cost(pid: int) -> float:
    began, used = time.monotonic(), cpu(pid)
    time.sleep(CALM)
    return round(100 * (cpu(pid) - used) / (time.monotonic() - began), 1)


def in_state(database: Database, state: State) -> int:
    with database.read("metrics") as mtx:
        return int(
            mtx.execute(
                text("SELECT COUNT(*) FROM latest WHERE state = :state"),
                {"state": SEVERITY.index(state)},
            ).scalar_one()
        )


def alerts(database: Database, name: str, kind: str, *, still_open: bool = False) -> int:
    """How many there ever were of targets named so, and of that kind."""
    with database.read() as tx:
        return int(
            tx.execute(
                text("""
                    SELECT COUNT(*) FROM alert WHERE target_name LIKE :name AND kind LIKE :kind
                      AND (NOT :still_open OR closed_at IS NULL)
                """),
                {"name": name, "kind": kind, "still_open": still_open},
            ).scalar_one()
        )


def last(database: Database) -> str:
    with database.read() as tx:
        return str(tx.execute(text("SELECT MAX(name) FROM target")).scalar_one())


def until(fact: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not fact():
        assert time.monotonic() - began < LONGEST, "it did not become so in time"
        time.sleep(0.2)


if __name__ == "__main__":
    main()
