"""How campaigns end at relays that misbehave: `python -m benchmarks.misbehaving`.

Each relay is a real socket (tests/misbehaving.py). A campaign is delivered round by round as
the worker does it, on a clock that skips the waits between them, until nothing waits any more
or the relay's trouble stands. Prints how many ended how, what the coordinator reads, how long
it took by that clock, and whether the ledger summed to the audience after every round.
"""

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import asked
from benchmarks.long_history import opened
from console.desk import incidents, outgoing
from console.wiring import PACKAGES
from mailing import campaigns, reached, releasing, sender
from mailing.model import UNDO, Origin
from mailing.relay import MAX_CONNECTIONS
from mailing.segments import Segment
from mailing.transports import Relay
from mailing.work import LOST_IN_A_ROW, SILENT
from store import access, db, migrate, roster, schools
from store.db import Database, text
from tests import misbehaving, smtp
from tests.misbehaving import Now
from tests.smtp import Script

ORIGIN = Origin(b"k" * 32, "https://pult.school.example")
STANDS = 4  # rounds in a row with the same trouble: it does not pass by itself
LONGEST = timedelta(days=2)
PATIENCE = 1.0  # seconds that an answer may take
END_PATIENCE = 3.0  # and the one to a whole mail, which is usually 20 times as much
TURN = 10.0  # seconds, as the worker's


class Clock:
    """Time as it passes, and what is skipped of it."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._started = time.monotonic()
        self._skipped = 0.0

    def __call__(self) -> datetime:
        return self._began + timedelta(seconds=self.seconds())

    def seconds(self) -> float:
        return time.monotonic() - self._started + self._skipped

    def skip_to(self, at: datetime) -> None:
        self._skipped += max(0.0, (at - self()).total_seconds())


@dataclass
class Ending:
    """What became of a campaign."""

    states: dict[str, int]
    rounds: int
    clock_s: float
    arrived: int
    twice: int
    sums: bool  # to the audience, after every round
    incidents: list[str]  # in the order in which they were read
    open: list[str]  # at the end
    why: dict[str, int] = field(default_factory=dict)  # of those who have not got it


@dataclass(frozen=True)
class Case:
    """A relay, and how its campaign should end."""

    wanted: str
    met: Callable[[Ending, int], bool]  # given the audience
    script: Callable[[Now], Script] = lambda _now: lambda _verb, _argument: True
    url: Callable[[str], str] = lambda url: url


def everybody(end: Ending, count: int) -> bool:
    return end.states["sent"] == end.arrived == count and not end.twice and not end.open


def nobody(end: Ending, count: int) -> bool:
    return end.states["waiting"] == count and not end.arrived and bool(end.open)


def a_few(end: Ending, _count: int) -> bool:
    """What broke off before the relay was at fault, and what was on its way then."""
    most = end.rounds * (LOST_IN_A_ROW + MAX_CONNECTIONS)
    return end.states["held"] <= most and not end.twice and bool(end.open)


def a_few_in_silence(end: Ending, count: int) -> bool:
    return a_few(end, count) and end.open == [SILENT]


CASES = {
    "greylists": Case("everybody gets it once", everybody, misbehaving.greylisting),
    "refuses every tenth address": Case(
        "they fail with the relay's words, all others get it",
        lambda end, n: end.states["failed"] == n // 10 and end.arrived == n - n // 10,
        lambda _now: misbehaving.knowing(**{"0@": "550 5.1.1 no such user"}),
    ),
    "uses its quota up after twenty": Case(
        "all others wait, an incident says so",
        lambda end, n: end.states["failed"] == 0 and end.arrived < n and bool(end.open),
        lambda _now: misbehaving.used_up(20, "550 5.4.5 Daily user sending quota exceeded"),
    ),
    "refuses the sender": Case(
        "all wait, an incident says so", nobody, lambda _now: misbehaving.strict
    ),
    "drops every tenth in mid-body": Case(
        "these are held, all others get it",
        lambda end, n: end.states["held"] + end.arrived == n and not end.twice,
        lambda _now: misbehaving.cutting("BODY", every=10),
    ),
    "drops all in mid-body": Case(
        "an incident says so, a few are held and the others wait",
        a_few,
        lambda _now: misbehaving.cutting("BODY"),
    ),
    "answers after 50 ms": Case(
        "everybody gets it once", everybody, lambda _now: misbehaving.slow(0.05)
    ),
    "reads each mail for longer than a command may take": Case(
        "everybody gets it once",
        everybody,
        lambda _now: misbehaving.silent(threading.Event(), PATIENCE * 1.5),
    ),
    "never says what became of a mail": Case(
        "an incident says that it does not answer, a few are held and the others wait",
        a_few_in_silence,
        lambda _now: misbehaving.silent(threading.Event(), END_PATIENCE * 2),
    ),
    "takes one a second, and says so": Case(
        "everybody gets it once", everybody, misbehaving.hurried
    ),
    "takes one a second, as its address says": Case(
        "everybody gets it once",
        everybody,
        lambda now: misbehaving.hurried(now, every=0.9),
        lambda url: f"{url}?per_second=1",
    ),
    "no TLS where it is required": Case(
        "all wait, an incident says so",
        nobody,
        url=lambda url: url.replace("smtp", "smtp+tls", 1),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--only", default="", help="cases whose name begins so")
    parser.add_argument("--postgresql", action="store_true")
    chosen = parser.parse_args()
    limits = {}
    for name, case in CASES.items():
        if not name.startswith(chosen.only):
            continue
        with (
            tempfile.TemporaryDirectory() as folder,
            opened(Path(folder), chosen.postgresql) as (database, _settings),
        ):
            end = _delivered(database, case, chosen.people)
        print(json.dumps({name: asdict(end)}, ensure_ascii=False), flush=True)
        limits[f"{name}: {case.wanted}"] = end.sums and case.met(end, chosen.people)
    asked.end(limits)


def _delivered(database: Database, case: Case, people: int) -> Ending:
    clock = Clock()
    school, id_ = _released(database, people, clock())
    pult = access.system(school)
    clock.skip_to(clock() + UNDO)
    began, rounds, sums, standing = clock.seconds(), 0, True, 0
    read: dict[str, None] = {}
    with smtp.relay(case.script(clock.seconds), offers=("PIPELINING",)) as relay:
        server = replace(
            Relay.from_url(case.url(relay.url), timeout=PATIENCE), end_timeout=END_PATIENCE
        )
        while True:
            done = sender.deliver(
                database, server, ORIGIN, owner="benchmark", clock=clock,
                stop=threading.Event(), campaign_id=id_, seconds=TURN,
            )  # fmt: skip
            outgoing.follow(database, school, done, now=clock())
            rounds += 1
            standing = standing + 1 if done.problem is not None and not done.sent else 0
            with database.read() as tx:
                totals = campaigns.totals(tx, pult, id_)
                titles = [str(one.title) for one in incidents.open_(tx, pult, school)
                          if not one.recovered_at]  # fmt: skip
            sums = sums and totals.audience == people
            read |= dict.fromkeys(titles)
            late = timedelta(seconds=clock.seconds() - began) > LONGEST
            if not totals.waiting or standing >= STANDS or late:
                break
            clock.skip_to(_next(database))
    took = [mail.recipient for mail in relay.mails]
    with database.read() as tx:
        why = Counter(str(one.why) for one in reached.undelivered(tx, pult, id_) if one.why)
    return Ending(
        asdict(totals), rounds, round(clock.seconds() - began, 1), len(set(took)),
        len(took) - len(set(took)), sums, [*read], titles, dict(why.most_common(3)),
    )  # fmt: skip


def _next(database: Database) -> datetime:
    with database.read() as tx:
        at = tx.execute(text("SELECT MIN(next_at) FROM delivery WHERE state = 'due'")).scalar()
    return db.instant(at or 0)


def _released(database: Database, people: int, now: datetime) -> tuple[str, str]:
    migrate.apply(database, PACKAGES, now=now)
    with database.begin() as tx:
        school = schools.found(
            tx, access.system(), "School", time_zone="UTC", language="en", now=now
        )
        pult = access.system(school.id)
        for n in range(people):
            roster.save_person(
                tx, pult, school.id, name=f"Pupil {n}", email=f"pupil{n}@school.example",
                source="benchmark", now=now,
            )  # fmt: skip
        id_ = campaigns.draft(
            tx, pult, school.id, subject={"en": "The room has changed"},
            body={"en": "Hello, {{ name }}\n\n" + "It is room 12 now. " * 500},
            segment=Segment(everyone=True), sender="School <news@school.example>", now=now,
        )  # fmt: skip
        releasing.release(tx, pult, id_, now=now)
    return school.id, id_


if __name__ == "__main__":
    main()
