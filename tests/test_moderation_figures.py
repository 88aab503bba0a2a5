"""Figures of moderation: how long, what was overturned, where two would decide otherwise."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, event

from console.desk import figure_sheets
from moderation import appeals, cases, figures, hearing, measures, review, wordings
from moderation.figures import Figure, language_of
from moderation.model import Flag, Subject, Verdict
from store import enrolling
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests.cast import listed
from tests.conftest import NOON
from tests.moderation_platform import _comment, connect

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
POST = _comment({"id": "p1", "html": "x", "author": "u1", "at": NOON.timestamp()})


@pytest.fixture(autouse=True)
def _connected(database: Database, school: School, ada: Actor) -> None:
    with database.begin() as tx:
        connect(tx, school)
        enrolling.people(tx, ada, school.id, "lms", [listed("u1")], now=NOON)


def judge(
    tx: Connection,
    who: Actor,
    school: School,
    id_: str,
    said: str,
    verdict: Verdict,
    *,
    minutes: int = 10,
    rule: str = "Insults",
) -> str:
    post = replace(POST, external_id=id_, text=said, html=said)
    kept = wordings.merge(tx, who, school.id, "lms", post, now=NOON).id
    case = cases.flagged(tx, who, kept, [Flag(rule, "x", 0, 1)], now=NOON)
    assert case is not None
    review.decide(tx, who, case, verdict, now=NOON + minutes * MINUTE)
    return case


def by_name(found: list[Figure]) -> dict[str, Figure]:
    return {each.name: each for each in found}


def test_time_and_disagreement_by_moderator_rule_and_language(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        judge(tx, ben, school, "1", "You  fool", "remove", minutes=10)
        judge(tx, ana, school, "2", "you fool", "approve", minutes=30)
        judge(tx, ben, school, "3", "дурак", "remove", minutes=20, rule="Грубость")
        judge(tx, ana, school, "4", "дурак", "remove", minutes=20, rule="Грубость")
        judge(tx, ana, school, "5", "别人没有裁定过的话", "approve", minutes=1)
        period = {"since": NOON, "until": NOON + DAY}
        found = figures.of(tx, ana, school.id, **period)
        own = by_name(figures.of(tx, ben, school.id, **period).groups["moderator"])
        before = figures.of(tx, ana, school.id, since=NOON - DAY, until=NOON)
    moderators, rules, languages = (by_name(each) for each in found.groups.values())
    assert found.whole == Figure("", 5, 20 * 60.0, 0, 4, 2)
    assert moderators["ben"] == Figure("ben", 2, 15 * 60.0, 0, 2, 1)
    assert moderators["ana"] == Figure("ana", 3, 20 * 60.0, 0, 2, 1)
    assert (rules["Грубость"].compared, rules["Грубость"].disagreed) == (2, 0)
    assert {name: each.decisions for name, each in languages.items()} == {
        "en": 2, "ru": 2, "zh_Hans": 1
    }  # fmt: skip
    assert list(own) == ["ben"]
    assert before.whole == Figure("", 0, None, 0, 0, 0)


def test_what_was_taken_back_or_lifted_by_an_appeal_is_overturned(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        judge(tx, ben, school, "1", "stays", "remove")
        judge(tx, ben, school, "2", "comes back", "remove")
        removal = tx.execute(
            text("SELECT action_id FROM decision ORDER BY id LIMIT 1")
        ).scalar_one()
        tx.execute(
            text("""
                INSERT INTO moderation_action (id, school_id, connection_id, kind, external_id,
                    undo_of, requested_by, requested_at, reason, state, ended, tries)
                VALUES ('back', :school, 'lms', 'restore comment', 'x', :undo, 'ana', :now, '',
                    'verified', FALSE, 1)
            """),
            {"school": school.id, "undo": removal, "now": NOON},
        )
        case = judge(tx, ben, school, "3", "warned", "remove")
        measure = measures.impose(
            tx, ben, school.id, Subject(None, "lms", "u1"), "warning", case_id=case, now=NOON
        )
        appeal = appeals.write(tx, ben, measure.id, "No", now=NOON)
        hearing.decide(tx, ana, appeal, "lift", said="Yes", now=NOON)
        whole = figures.of(tx, ana, school.id, since=NOON, until=NOON + DAY).whole
    assert (whole.decisions, whole.overturned) == (3, 2)


@pytest.mark.parametrize(
    ("said", "language"),
    [("you fool, привет", "en"), ("ты fool, дурак", "ru"), ("你好 hello", "en"),
     ("你好世界，傻瓜 ok", "zh_Hans"), ("", "en"), ("12345 !!", "en")],
)  # fmt: skip
def test_the_language_is_that_of_most_letters(said: str, language: str) -> None:
    assert language_of(said) == language


def test_the_decisions_of_a_period_are_read_once(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        judge(tx, ana, school, "1", "You fool", "remove")
    asked: list[str] = []

    def listen(_1: object, _2: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        with database.read() as tx:
            figures.of(tx, ana, school.id, since=NOON, until=NOON + DAY)
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
    assert sum("FROM decision" in each for each in asked) == 1


def test_figures_are_taken_away_as_numbers_and_names_never_as_formulas(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        judge(tx, ana, school, "1", "You fool", "remove", rule='=HYPERLINK("x")')
        found = figures.of(tx, ana, school.id, since=NOON, until=NOON + DAY)
    table = figure_sheets.rows(found, spoken=lambda _group, name: name)
    sheet = load_workbook(io.BytesIO(figure_sheets.workbook(table, title="Figures"))).active
    assert sheet is not None
    read = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert read[1][:4] == ["The school", None, 1, 600]
    assert [row[1] for row in read if row[0] == "Rule"] == ['\'=HYPERLINK("x")']
    lines = figure_sheets.csv_file(table).decode("utf-8-sig").split("\r\n")
    assert lines[1] == "The school,,1,600.0,0,0,0"
    assert len(lines) == len(read) + 1
