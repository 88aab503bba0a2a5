"""Who left the school gets no letter by rule, and of parents only those of minors."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from mailing import ages, leaving, releasing, segments
from mailing.model import MailingError
from mailing.segments import Guardians, Segment
from store import access, enrolling, guardians, roster
from store.access import Actor
from store.db import Connection, Database, text
from store.enrolling import Listed
from store.schools import School
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.test_mailing_campaigns import EVERYONE, draft

LMS = "lms"
GONE = "No longer listed on any platform."
CHILD_GONE = "Their child is no longer listed on any platform."
OF_AGE = "Their child is of age."


def listed(tx: Connection, school: School, connection_id: str, *names: str) -> None:
    """What the platform lists from now on."""
    enrolling.people(
        tx, access.system(school.id), school.id, connection_id,
        [
            Listed(each, each, each, f"{each.lower()}@school.test", "student", "en", "", "",
                   suspended=False, last_seen=NOON)
            for each in names
        ], now=NOON,
    )  # fmt: skip


def left(tx: Connection, school: School, *names: str, still: Sequence[str] = ()) -> None:
    """The platform listed all of them, and lists those alone who are `still` there."""
    connect(tx, school)
    listed(tx, school, LMS, *names)
    listed(tx, school, LMS, *still)


def saved(
    tx: Connection, ana: Actor, school: School, name: str, role: str = "student",
    source: str = "import",
) -> str:  # fmt: skip
    return roster.save_person(
        tx, ana, school.id, name=name, email=f"{name.lower()}@school.test", role=role,
        source=source, now=NOON,
    )  # fmt: skip


def parent(tx: Connection, ana: Actor, school: School, name: str, *children: str) -> str:
    id_ = saved(tx, ana, school, name, "guardian")
    emails = [f"{each.lower()}@school.test" for each in children]
    assert guardians.add(tx, ana, school.id, id_, emails) == []
    return id_


def ids(tx: Connection) -> dict[str, str]:
    return {row.name: row.id for row in tx.execute(text("SELECT id, name FROM person"))}


def told(
    tx: Connection, ana: Actor, school: School, segment: Segment, now: datetime = NOON
) -> tuple[list[str], dict[str, str]]:
    found = segments.audience(tx, ana, school.id, segment, now=now)
    windows = segments.windows(tx, ana, school.id, segment, topic="", now=now)
    frozen = {each.person.name for window in windows for each in window if each.why is None}
    assert frozen == {person.name for person in found.people}, "both ways to read an audience agree"
    return [each.name for each in found.people], {
        person.name: str(why) for person, why in found.left_out
    }


def test_whoever_no_platform_lists_any_longer_is_left_out_with_the_reason(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        left(tx, school, "Alina", "Boris", still=["Alina"])
        saved(tx, ana, school, "Clara")  # never had an account
        assert told(tx, ana, school, EVERYONE) == (["Alina", "Clara"], {"Boris": GONE})


def test_whoever_is_still_listed_somewhere_or_comes_back_is_there(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        connect(tx, school)
        connect(tx, school, "forum")
        listed(tx, school, LMS, "Alina", "Boris")
        listed(tx, school, "forum", "Boris")
        listed(tx, school, LMS)
        assert told(tx, ana, school, EVERYONE) == (["Boris"], {"Alina": GONE})
        listed(tx, school, LMS, "Alina")
        assert told(tx, ana, school, EVERYONE) == (["Alina", "Boris"], {})


def test_whoever_is_chosen_by_name_or_came_by_a_table_gets_it_all_the_same(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        left(tx, school, "Alina", "Boris", "Clara")
        chosen = Segment(everyone=True, people=(ids(tx)["Alina"],))
        saved(tx, ana, school, "Boris")
        assert told(tx, ana, school, chosen) == (["Alina", "Boris"], {"Clara": GONE})


def test_a_letter_that_follows_another_goes_to_exactly_the_same_people(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        connect(tx, school)
        listed(tx, school, LMS, "Alina", "Boris")
        campaign_id = draft(tx, ana, school)
        releasing.release(tx, ana, campaign_id, anyway="A trial", now=NOON)
        listed(tx, school, LMS, "Alina")
        follow = Segment(meant=(campaign_id,))
        assert told(tx, ana, school, follow) == (["Alina", "Boris"], {})


def test_parents_of_those_alone_who_left_are_left_out(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        connect(tx, school)
        listed(tx, school, LMS, "Alina", "Boris", "Frau")
        parent(tx, ana, school, "Anna", "Alina")
        parent(tx, ana, school, "Both", "Alina", "Boris")
        parent(tx, ana, school, "Bert", "Boris")
        guardians.add(tx, ana, school.id, ids(tx)["Frau"], ["boris@school.test"])
        listed(tx, school, LMS, "Alina", "Frau")
        assert told(tx, ana, school, EVERYONE) == (
            ["Alina", "Anna", "Both", "Frau"], {"Bert": CHILD_GONE, "Boris": GONE}
        )  # fmt: skip
        by_name = Segment(people=(ids(tx)["Boris"],), guardians="too")
        assert told(tx, ana, school, by_name) == (["Bert", "Boris", "Both", "Frau"], {})


@pytest.mark.parametrize("guardians_asked", ["too", "instead"])
def test_of_parents_those_of_minors_are_meant(
    database: Database, school: School, ana: Actor, guardians_asked: Guardians
) -> None:
    """Maya is a minor by her day of birth, Mark by a mark; Olga and Otto are of age; nobody said
    how old Ulf is, who counts as a minor."""
    told_ages = {
        "Maya": ("2008-03-11", "no"), "Mark": ("", "yes"), "Olga": ("2008-03-10", "yes"),
        "Otto": ("", "no"),
    }  # fmt: skip
    with database.begin() as tx:
        for name in (*told_ages, "Ulf"):
            id_ = saved(tx, ana, school, name)
            parent(tx, ana, school, f"Of{name}", name)
            if name in told_ages:
                born, minor = told_ages[name]
                ages.bring(tx, ana, school.id, id_, born=born, minor=minor, now=NOON)
        parent(tx, ana, school, "OfTwo", "Otto", "Mark")
        children = Segment(roles=("student",), guardians=guardians_asked)
        people, out = told(tx, ana, school, children)
        assert [each for each in people if each.startswith("Of")] == [
            "OfMark", "OfMaya", "OfTwo", "OfUlf"
        ]  # fmt: skip
        assert out == {"OfOlga": OF_AGE, "OfOtto": OF_AGE}
        assert leaving.unknown_ages(tx, ana, school.id, children, now=NOON) == 1
        assert leaving.unknown_ages(tx, ana, school.id, EVERYONE, now=NOON) == 0


def test_a_parent_who_is_meant_for_her_own_sake_gets_it_whatever_her_childs_age(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        otto = saved(tx, ana, school, "Otto")
        ages.bring(tx, ana, school.id, otto, born="", minor="no", now=NOON)
        parent(tx, ana, school, "Vera", "Otto")
        both = Segment(everyone=True, guardians="too")
        assert told(tx, ana, school, both) == (["Otto", "Vera"], {})


def test_the_school_s_own_day_is_the_birthday(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        olga = saved(tx, ana, school, "Olga")
        parent(tx, ana, school, "Vera", "Olga")
        ages.bring(tx, ana, school.id, olga, born="2008-03-11", minor="", now=NOON)
        instead = Segment(roles=("student",), guardians="instead")
        before = datetime(2026, 3, 10, 20, 59, tzinfo=UTC)  # 23:59 in Moscow
        after = datetime(2026, 3, 10, 21, 1, tzinfo=UTC)
        assert told(tx, ana, school, instead, before)[0] == ["Vera"]
        assert told(tx, ana, school, instead, after) == ([], {"Vera": OF_AGE})


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2011-05-30", "2011-05-30"), ("30.05.2011", "2011-05-30"), ("2011/5/3", "2011-05-03"),
        ("2011-05-30 00:00:00", "2011-05-30"), ("2011年5月30日", "2011-05-30"), ("  ", ""),
    ],
)  # fmt: skip
def test_a_day_of_birth_is_read_as_people_write_it(written: str, kept: str) -> None:
    assert ages.born(written) == kept


@pytest.mark.parametrize("written", ["2011-02-30", "05/30/2011", "12", "1811-05-30", "soon"])
def test_what_is_no_day_of_birth_is_refused(written: str) -> None:
    with pytest.raises(MailingError, match="no day of birth"):
        ages.born(written)


def test_whoever_was_born_on_a_29th_of_february_is_of_age_on_the_1st_of_march() -> None:
    assert ages.of_age_since(date(2026, 2, 28)) < "2008-02-29"
    assert ages.of_age_since(date(2026, 3, 1)) >= "2008-02-29"
