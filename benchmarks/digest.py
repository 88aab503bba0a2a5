"""A digest of every course to the whole school: `python -m benchmarks.digest`.

Two hundred courses with news, a hundred thousand readers of five each, so that nearly nobody gets
what another gets: its audience frozen, and the letters built, beside a letter without parts.
"""

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.long_history import opened
from console.desk import issue_text
from console.desk.issue_contents import News, Part
from console.wiring import PACKAGES
from mailing import campaigns, records, releasing
from mailing.message import Addressee, Builder
from mailing.model import Campaign, Origin
from mailing.segments import Segment
from platforms.base import Material
from store import access, migrate, schools
from store.access import Actor
from store.db import Connection, Database, insert_many, text
from store.schools import School
from store.timetable import Course

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
OWN = 5  # courses of a reader
ROUNDS = 5
PERSON = (
    "id", "school_id", "name", "email", "role", "language", "level", "grp", "fields", "source",
    "updated_at",
)  # fmt: skip


def filled(tx: Connection, people: int, taught: int) -> School:
    school = schools.found(
        tx, access.system(), "Large", time_zone="Europe/Moscow", language="en", now=NOW
    )
    rows = (
        (f"p{n:06}", school.id, f"Pupil {n}", f"pupil{n}@school.example", "student", "en", "", "",
         "{}", "benchmark", 0)
        for n in range(people)
    )  # fmt: skip
    insert_many(tx, "person", PERSON, rows)
    columns = ("id", "school_id", "external_id", "name", "gone", "updated_at")
    listed = ((f"c{n}", school.id, f"c{n}", f"Course {n}", False, 0) for n in range(taught))
    insert_many(tx, "course", columns, listed)
    taken = ("course_id", "person_id", "school_id", "role")
    insert_many(tx, "enrolment", taken, _enrolled(school, people, taught))
    return school


def _enrolled(school: School, people: int, taught: int) -> Iterator[tuple[str, str, str, str]]:
    chance = random.Random(5)
    for n in range(people):
        for course in chance.sample(range(taught), OWN):
            yield f"c{course}", f"p{n:06}", school.id, "student"


def digest(school: School, taught: int) -> str:
    parts = [
        Part(
            Course(f"c{n}", f"Course {n}", f"c{n}", None),
            News(materials=tuple(
                Material(str(each), f"Sheet {each} of {n}", f"https://lms.example/{n}/{each}")
                for each in range(4)
            )),
        )
        for n in range(taught)
    ]  # fmt: skip
    return issue_text.body(parts, school, str, {}, "en", NOW)


def released(
    database: Database, actor: Actor, school: School, body: str, segment: Segment
) -> tuple[Campaign, dict[str, float]]:
    with database.begin() as tx:
        id_ = campaigns.draft(
            tx, actor, school.id, subject={"en": "S"}, body={"en": body}, segment=segment,
            sender="School <news@school.example>", now=NOW,
        )  # fmt: skip
    started, burnt = time.perf_counter(), time.process_time()
    with database.begin() as tx:
        releasing.release(tx, actor, id_, now=NOW)
    took = {
        "s": round(time.perf_counter() - started, 2),
        "cpu_s": round(time.process_time() - burnt, 2),
    }
    with database.read() as tx:
        return records.content(tx, actor, id_), took


def building(database: Database, school: School, campaign: Campaign) -> dict[str, float]:
    """Microseconds of CPU a letter, each time of all readers' first ten thousand."""
    with database.read() as tx:
        rows = tx.execute(
            text("SELECT * FROM delivery WHERE campaign_id = :id ORDER BY id LIMIT 10000"),
            {"id": campaign.id},
        ).all()
    readers = [
        Addressee(row.id, row.message_id, row.name, row.email, row.language, json.loads(row.fields))
        for row in rows
    ]
    origin = Origin(b"k" * 32, "https://pult.example")
    each, size = [], 0
    for _ in range(ROUNDS):
        builder = Builder(campaign, school.name, "en", origin)
        begun = time.process_time()
        size = sum(len(builder.build(reader, now=NOW).data) for reader in readers)
        each.append(1e6 * (time.process_time() - begun) / len(readers))
    return {"us": round(statistics.median(each), 1), "kb": round(size / len(readers) / 1000, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--courses", type=int, default=200)
    parser.add_argument("--postgresql", action="store_true")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder), chosen.postgresql) as (database, _settings),
    ):
        migrate.apply(database, PACKAGES, now=NOW)
        with database.begin() as tx:
            school = filled(tx, chosen.people, chosen.courses)
        actor = access.system(school.id)
        told = Segment(everyone=True, about=tuple(f"c{n}" for n in range(chosen.courses)))
        plain, frozen_plain = released(
            database, actor, school, "Hello {{ name }},\n\nwords.\n", Segment(everyone=True)
        )
        parted, frozen = released(database, actor, school, digest(school, chosen.courses), told)
        figures = {
            "frozen": frozen,
            "frozen_without_parts": frozen_plain,
            "built": building(database, school, parted),
            "built_without_parts": building(database, school, plain),
            "load": round(os.getloadavg()[0], 2),
        }
    print(json.dumps(vars(chosen) | figures))


if __name__ == "__main__":
    main()
