"""Whom a campaign did not reach, to take away: whole, told why, and never a formula."""

import csv
import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from console.desk import figure_sheets, missed_sheets
from console.i18n import say, speaking
from mailing import reached
from mailing.model import Undelivered
from platforms.base import PlatformError
from store.access import Actor, Denied
from store.db import Database, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.test_desk_emergencies import Desk, boris, desk  # noqa: F401 -- fixtures
from tests.test_desk_unreached import Scene, scene  # noqa: F401 -- a fixture
from tests.test_mailing_sender import Clock, deliver, released

FORMULA = '=HYPERLINK("http://x","y")'


def why(one: Undelivered) -> str:
    return say(one.why, markdown=False) if one.why else ""


def state(one: Undelivered) -> str:
    return one.state


def missed(database: Database, actor: Actor, school: School, id_: str) -> list[list[str]]:
    with database.read() as tx:
        found = reached.undelivered(tx, actor, id_)
    with speaking("en"):
        table = missed_sheets.by_mail(found, school.zone, state=state, why=why)
    return [list(map(str, row)) for row in table]


def test_who_has_not_the_mail_is_listed_with_why_and_since_when(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina", "Ben", "Cid")
    answers = {"alina": "550 5.1.1 no such user", "ben": "451 4.7.1 later"}

    def script(verb: str, argument: str) -> str | bool:
        who = next((name for name in answers if name in argument), "")
        return answers[who] if verb == "RCPT" and who else True

    with smtp.relay(script) as server:
        deliver(database, server.url, Clock())
    header, alina, ben = missed(database, ana, school, id_)
    assert header == ["Name", "Address", "State", "Why", "Since", "Tried", "Next way"]
    assert alina[:3] == ["Alina", "alina@school.example", "failed"]
    assert "no such user" in alina[3]
    assert alina[4:] == ["2026-03-10 15:00:30", "Mail, tries: 1", ""]
    assert ben[2] == "waiting"
    assert ben[6].startswith("Mail, 2026-03-10 15:")


def test_no_cell_is_a_formula_in_either_file(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina")
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET name = :name"), {"name": f"{FORMULA}\x07"})
    table = missed(database, ana, school, id_)
    sheet = load_workbook(io.BytesIO(figure_sheets.workbook(table, title="Не дошло"))).active
    lines = csv.reader(io.StringIO(figure_sheets.csv_file(table).decode("utf-8-sig"), newline=""))
    assert sheet is not None
    assert (sheet["A2"].value, sheet["A2"].data_type) == (f"'{FORMULA}", "s")
    assert [row[0] for row in lines] == ["Name", f"'{FORMULA}"]


def test_who_may_not_see_people_takes_nothing_away(
    database: Database, school: School, ana: Actor, eve: Actor, zoe: Actor
) -> None:
    id_ = released(database, ana, school, "Alina")
    for stranger in (eve, zoe):
        with pytest.raises(Denied):
            missed(database, stranger, school, id_)


def test_of_an_emergency_every_way_that_was_tried_is_listed(scene: Scene) -> None:  # noqa: F811
    scene.board.fails = [PlatformError("Messages are off", permanent=True)]
    scene.try_next()
    scene.send()
    school = scene.desk.school
    with speaking("en"):
        _header, lena = missed_sheets.by_any_way(
            [scene.only()],
            school.zone,
            tried=lambda one: f"{one.place}: {one.state} ({one.why})",
            way=lambda one: one.name,
        )
    assert lena[0] == "lena"
    assert lena[2:4] == ("Not reached", "No address is known.")
    assert lena[5:] == ("LMS: failed (Messages are off)", "sms")
    assert str(lena[4]) >= f"{NOON + timedelta(hours=3):%Y-%m-%d %H:%M:%S}"
