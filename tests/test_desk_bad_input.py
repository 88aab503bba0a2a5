"""What is entered wrongly, against the whole campus: a sentence to act on, nothing half-done."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from console.desk import connections, doctor, importing, sync
from console.desk.connections import Adapters
from platforms.base import PlatformError
from store import access, roster
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.vault import Vault
from tests.conftest import NOON
from tests.stand_in import StandIn, open_campus

VAULT = Vault(b"uXzmAm2cYvSbKJQlHxK6sE0lAGkT6OuAYrXTWjhAHlw=")
LATER = NOON + timedelta(minutes=4)  # no worker seals the audit here
WRONG = "wr0ng-s3cret-of-ours"
TABLES = ("person", "account", "course", "enrolment", "room")
MOODLE_TABLE = """email,name,role
petr@@school14.test,Petr,student
new.one@school14.test,New One,student
no at sign,Olga,student
"""


@dataclass(frozen=True)
class Bad:
    """A change that is no good, or a trap of the campus's, and what people are told of it."""

    fact: str
    said: str
    secret: str = ""
    url: str = ""
    trap: str = ""
    settings: dict[str, str] = field(default_factory=dict)


MOODLE = [
    Bad("wrong token", "does not know the token. Make a new one", secret=WRONG),
    Bad("unreachable", "does not answer. Check the address", secret=WRONG, url="closed"),
    Bad("a page", "something that is not Moodle's data. Check", trap="moodle-html"),
    Bad("maintenance", "under maintenance. Pult will ask again", trap="moodle-maintenance"),
    Bad("switched off", "Switch both on under", trap="moodle-off"),
    Bad("database down", "Tell its technicians", trap="moodle-database-down"),
    Bad("another host", "exactly as the site itself shows it", secret="same", url="localhost"),
    Bad("another site", "There is no Moodle at", secret="same", url="mailbox"),
]
MEDIA = [
    Bad("wrong secret", "does not accept the secret. Run bbb-conf --secret", secret=WRONG),
    Bad("unreachable", "does not answer. Check the address", secret=WRONG, url="closed"),
    Bad("a page", "It usually ends in /bigbluebutton", secret="same", url="moodle"),
    Bad("html", "not BigBlueButton's. Check", trap="bigbluebutton-html", settings={"server": "a"}),
    Bad("wrong secret, in another form", "Run bbb-conf", secret=WRONG, trap="bigbluebutton-errors"),
]


@pytest.fixture(scope="module")
def campus() -> Iterator[StandIn]:
    with open_campus() as opened:
        yield opened


@pytest.fixture
def pult(school: School) -> Actor:
    return access.system(school.id)


def connect(
    db: Database, actor: Actor, school: School, platform: str, url: str, secret: str
) -> str:
    with db.begin() as tx:
        return connections.add(
            tx,
            actor,
            school.id,
            VAULT,
            platform=platform,
            name=platform,
            url=url,
            secret=secret,
            now=NOON,
        )


def kept(db: Database, id_: str) -> list[object]:
    """Everything the roster holds, and when it was last brought in."""
    with db.read() as tx:
        rows = [tx.execute(text(f"SELECT * FROM {table}")).all() for table in TABLES]
        when = tx.execute(text("SELECT synced_at FROM connection WHERE id = :id"), {"id": id_})
        return [sorted(map(repr, each)) for each in rows] + [when.scalar_one()]


def address(bad: Bad, own: str, campus: StandIn) -> str:
    if bad.url == "closed":
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            return f"http://127.0.0.1:{nobody.getsockname()[1]}"
    elsewhere = {
        "localhost": campus.moodle["url"].replace("127.0.0.1", "localhost"),
        "mailbox": campus.control,
        "moodle": campus.moodle["url"],
    }
    return elsewhere.get(bad.url, own)


@pytest.mark.parametrize("platform", ["moodle", "bigbluebutton"])
def test_whatever_is_wrong_is_said_thrice_and_changes_nothing(
    database: Database, pult: Actor, school: School, campus: StandIn, platform: str
) -> None:
    own = campus.moodle if platform == "moodle" else campus.bigbluebutton[0]
    right = own.get("token") or own["secret"]
    id_ = connect(database, pult, school, platform, own["url"], right)
    adapters = Adapters(database, VAULT)
    sync.sync(database, pult, id_, adapters, now=NOON)
    before = kept(database, id_)
    for bad in MOODLE if platform == "moodle" else MEDIA:
        secret = right if bad.secret == "same" else bad.secret
        with database.begin() as tx:
            connections.change(
                tx,
                pult,
                id_,
                VAULT,
                url=address(bad, own["url"], campus),
                secret=secret or right,
                now=LATER,
            )
        if bad.trap:
            campus.turn("traps", bad.trap, True, **bad.settings)
        try:
            health = connections.test(database, pult, VAULT, id_, LATER)
            (found,) = doctor.problems(doctor.look(database, pult, VAULT, now=LATER))
            with pytest.raises(PlatformError) as caught:
                sync.sync(database, pult, id_, adapters, now=LATER)
        finally:
            if bad.trap:
                campus.turn("traps", bad.trap, False)
        with database.read() as tx:
            noted = connections.get(tx, pult, id_)
        told = [health.problem.format(**health.params), str(found.problem), str(caught.value)]
        assert all(bad.said in one and one for one in told), (bad.fact, told)
        assert noted.state == "failing"
        assert str(noted.detail) == str(caught.value)
        assert kept(database, id_) == before, bad.fact
        everything = json.dumps([*told, found.to_json()]) + repr(noted) + repr(caught.value)
        for word in (WRONG, right):
            assert word not in everything, bad.fact


def test_a_permission_lost_half_way_brings_nobody_in(
    database: Database, pult: Actor, school: School, campus: StandIn
) -> None:
    id_ = connect(database, pult, school, "moodle", campus.moodle["url"], campus.moodle["token"])
    before = kept(database, id_)
    wish = {"function": "core_enrol_get_enrolled_users", "errorcode": "nopermissions"}
    campus.turn("traps", "moodle-error", True, **wish)
    try:
        with pytest.raises(PlatformError, match=r"may not do this .core_enrol_get_enrolled_users"):
            sync.sync(database, pult, id_, Adapters(database, VAULT), now=LATER)
    finally:
        campus.turn("traps", "moodle-error", False)
    assert kept(database, id_) == before


def test_a_table_with_broken_addresses_names_them_and_leaves_the_campus_as_it_is(
    database: Database, pult: Actor, school: School, campus: StandIn
) -> None:
    id_ = connect(database, pult, school, "moodle", campus.moodle["url"], campus.moodle["token"])
    sync.sync(database, pult, id_, Adapters(database, VAULT), now=NOON)
    before = kept(database, id_)
    plan = importing.people_table(MOODLE_TABLE)
    assert [(one.line, str(one.what).split(". ")[0]) for one in plan.problems] == [
        (2, "petr@@school14.test is not an e-mail address"),
        (4, "no at sign is not an e-mail address"),
    ]
    assert kept(database, id_) == before
    assert importing.apply(database, pult, school.id, plan, now=LATER).people == 1
    with database.read() as tx:
        names = {one.name for one in roster.people(tx, pult, school.id)}
    assert names >= {"New One"}
    assert not names & {"Petr", "Olga"}
