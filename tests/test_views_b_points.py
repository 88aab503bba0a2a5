"""What a writer should know of her readers is told once."""

from dataclasses import replace

from console.views import composer_points
from console.views.composer_enclosed import Enclosed
from mailing.segments import Audience
from mailing.starters import STARTERS
from store import roster
from store.access import Actor
from store.db import Database
from store.schools import School
from tests.conftest import NOON
from tests.test_mailing_message import campaign


def test_a_condition_in_every_language_and_a_lesson_not_yet_chosen_are_told_once(
    database: Database, school: School, ana: Actor
) -> None:
    ready = STARTERS["invitation"]
    about = replace(campaign(), subject=ready.subject, body=ready.body)
    with database.begin() as tx:
        people = [
            roster.person(
                tx, ana, roster.save_person(
                    tx, ana, school.id, name=language, email=f"{language}@school.test",
                    language=language, source="t", now=NOON,
                ),
            )
            for language in ("en", "ru")
        ]  # fmt: skip
    meant = Audience([each for each in people if each], [])
    points = composer_points.open_points(about, school, meant, Enclosed(None, []), now=NOON)
    said = [str(each.words) for each in points]
    assert len([each for each in said if "true for nobody" in each]) == 1
    assert not [each for each in said if "is empty" in each]
    found = composer_points.unknown(about, meant, Enclosed(None, []))
    assert ["choose which one" in str(each.words) for each in found] == [True]
