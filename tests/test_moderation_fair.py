"""The ladder suggests, appeals are heard by somebody else, and their outcome is carried out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from moderation import appeals, hearing, house, ladder, measures
from moderation.appeals import IN_A_ROW, WINDOW
from moderation.hearing import Outcome
from moderation.house import House, HouseRule, Rung
from moderation.model import Measure, ModerationError, Subject
from store import enrolling
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests.cast import listed
from tests.conftest import NOON
from tests.moderation_platform import connect

DAY = timedelta(days=1)
JOE = Subject(connection_id="lms", external_id="u1")


@pytest.fixture(autouse=True)
def _connected(database: Database, school: School, ada: Actor) -> None:
    with database.begin() as tx:
        connect(tx, school)
        enrolling.people(tx, ada, school.id, "lms", [listed("u9")], now=NOON)


def warn(tx: Connection, actor: Actor, school: School) -> Measure:
    return measures.impose(
        tx, actor, school.id, JOE, "warning", reason="rude", rule="Insult", now=NOON
    )


@pytest.mark.parametrize(("platform", "third"), [("moodle", "suspension"), ("discourse", "mute")])
def test_each_measure_that_counts_is_one_step_up_and_none_that_no_platform_of_theirs_can_do(
    database: Database, school: School, ben: Actor, platform: str, third: str
) -> None:
    with database.begin() as tx:
        tx.execute(text("UPDATE connection SET platform = :name"), {"name": platform})
        kinds = []
        for _ in range(7):
            suggested = ladder.suggest(tx, ben, school.id, JOE, now=NOON)
            kinds.append(suggested.rung.kind)
            warn(tx, ben, school)
    assert kinds == ["word", "warning", third, "suspension", "block", "block", "block"]


def test_what_is_old_or_was_taken_back_does_not_count(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        first = warn(tx, ben, school)
        warn(tx, ben, school)
        measures.lift(tx, ben, first.id, now=NOON)
        suggested = ladder.suggest(tx, ben, school.id, JOE, now=NOON)
        assert suggested.rung == Rung("warning")
        assert str(suggested.why) == "Measures in the last 180 days: 1."
        later = ladder.suggest(tx, ben, school.id, JOE, now=NOON + 181 * DAY)
        assert later.rung == Rung("word")


def test_a_school_s_own_ladder_and_rules_are_kept_and_bad_ones_refused(
    database: Database, school: School, ada: Actor
) -> None:
    own = House((HouseRule("No links", {"ru": "Без ссылок"}),), (Rung("mute", 3),), 30)
    with database.begin() as tx:
        house.save(tx, ada, school.id, own, now=NOON)
        own = replace(own, former=house.STARTER.rules)
        assert house.of(tx, ada, school.id) == own
        suggested = ladder.suggest(tx, ada, school.id, JOE, now=NOON)
        assert suggested.until == NOON + 3 * DAY
        for bad in (
            replace(own, rules=()),
            replace(own, rules=(HouseRule("a"), HouseRule("a"))),
            replace(own, ladder=()),
            replace(own, ladder=(Rung("mute"),)),
            replace(own, ladder=(Rung("block", 3),)),
            replace(own, ladder=(Rung("mute", 0),)),
            replace(own, counts_days=0),
            replace(own, words={"word": {"en": "x" * 5000}}),
        ):
            with pytest.raises(ModerationError):
                house.save(tx, ada, school.id, bad, now=NOON)
        assert house.of(tx, ada, school.id) == own


def test_what_was_decided_by_a_rule_stays_so_however_the_rules_are_worded_and_moved(
    database: Database, school: School, ada: Actor
) -> None:
    insult, threat, *_rest = house.STARTER.rules
    reworded = replace(insult, said={"en": "Be kind"})
    links = house.own_rule({"en": "No links"})
    with database.begin() as tx:
        for rules in ((threat, reworded, links), (links, threat), (house.own_rule({"en": "x"}),)):
            house.save(tx, ada, school.id, replace(house.STARTER, rules=rules), now=NOON)
        kept = house.of(tx, ada, school.id)
        assert kept.rule(insult.name) == reworded
        assert kept.rule(links.name) == links
        assert kept.rule("x") is None
        back = replace(house.STARTER, rules=(reworded,))
        house.save(tx, ada, school.id, back, now=NOON)
        kept = house.of(tx, ada, school.id)
    assert kept.rules == (reworded,)
    assert insult.name not in {rule.name for rule in kept.former}


def appealed(tx: Connection, school: School, ben: Actor) -> tuple[Measure, str]:
    measure = warn(tx, ben, school)
    return measure, appeals.write(tx, ben, measure.id, "It was a joke", now=NOON)


def test_an_appeal_is_a_conversation_that_waits_for_who_is_to_answer(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        measure, appeal = appealed(tx, school, ben)
        assert appeals.count(tx, ben, school.id) == 1
        appeals.answer(tx, ana, appeal, "Whose joke?", now=NOON + DAY)
        assert appeals.count(tx, ben, school.id) == 0
        assert appeals.write(tx, ben, measure.id, "Mine", now=NOON + 2 * DAY) == appeal
        [open_] = appeals.waiting(tx, ben, school.id)
        assert open_.waits_since == NOON + 2 * DAY
        said = [(each.by, each.said) for each in appeals.messages(tx, ben, appeal)]
    assert said == [(None, "It was a joke"), ("ana", "Whose joke?"), (None, "Mine")]


def test_nobody_decides_an_appeal_against_what_they_decided_or_confirmed(
    database: Database, school: School, ben: Actor, ana: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        measure, appeal = appealed(tx, school, ben)
        tx.execute(
            text("""
                INSERT INTO moderation_action (id, school_id, connection_id, kind, external_id,
                    requested_by, requested_at, reason, state, ended, tries, measure_id,
                    approved_by)
                VALUES ('a', :school, 'lms', 'suspend account', 'u1', 'ben', :now, '', 'verified',
                    FALSE, 1, :measure, 'ana')
            """),
            {"school": school.id, "now": NOON, "measure": measure.id},
        )
        for who in (ben, ana):
            assert hearing.barred(tx, who, appeal)
            with pytest.raises(ModerationError, match="Somebody else decides"):
                hearing.decide(tx, who, appeal, "lift", said="Fine", now=NOON)
        hearing.decide(tx, ada, appeal, "uphold", said="It stays", now=NOON)
        with pytest.raises(ModerationError, match="decided already"):
            hearing.decide(tx, ada, appeal, "lift", said="Fine", now=NOON)
        with pytest.raises(ModerationError, match="decided already"):
            appeals.write(tx, ben, measure.id, "But", now=NOON)


def test_the_four_outcomes_are_carried_out_and_count_on_the_ladder_as_they_should(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    def heard(outcome: Outcome, **more: Any) -> tuple[Measure, str]:
        with database.begin() as tx:
            for old in measures.history(tx, ben, school.id, JOE):
                tx.execute(text("DELETE FROM measure WHERE id = :id"), {"id": old.id})
            measure = measures.impose(
                tx, ben, school.id, JOE, "warning", until=NOON + 9 * DAY, now=NOON
            )
            appeal = appeals.write(tx, ben, measure.id, "No", now=NOON)
            hearing.decide(tx, ana, appeal, outcome, said="So", now=NOON, **more)
            suggested = ladder.suggest(tx, ben, school.id, JOE, now=NOON)
            after = measures.get(tx, ben, measure.id)
            assert after is not None
            return after, f"{suggested.rung.kind}: {suggested.why}"

    upheld, step = heard("uphold")
    assert (upheld.lifted_at, upheld.until) == (None, NOON + 9 * DAY)
    assert step.startswith("warning:")
    lifted, step = heard("lift")
    assert lifted.lifted_at == NOON
    assert step.startswith("word:")
    shorter, step = heard("shorten", ends_at=NOON + DAY)
    assert (shorter.lifted_at, shorter.until) == (None, NOON + DAY)
    assert step.startswith("warning:")
    promised, step = heard("conditional", ends_at=NOON + 30 * DAY, condition="No more jokes")
    assert promised.lifted_at == NOON
    assert step == "warning: A measure was lifted on a condition that holds until 2026-04-09: " + (
        "No more jokes"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda tx, who, id_: hearing.decide(tx, who, id_, "lift", said=" ", now=NOON),
        lambda tx, who, id_: hearing.decide(tx, who, id_, "shorten", said="x", now=NOON),
        lambda tx, who, id_: hearing.decide(
            tx, who, id_, "conditional", said="x", ends_at=NOON + DAY, now=NOON
        ),
        lambda tx, who, id_: appeals.answer(tx, who, id_, "", now=NOON),
    ],
)
def test_an_outcome_that_says_too_little_is_refused(
    database: Database,
    school: School,
    ben: Actor,
    ana: Actor,
    wrong: Callable[[Connection, Actor, str], object],
) -> None:
    with database.begin() as tx:
        _measure, appeal = appealed(tx, school, ben)
        with pytest.raises(ModerationError):
            wrong(tx, ana, appeal)
        assert [one.id for one in appeals.waiting(tx, ana, school.id)] == [appeal]


def test_an_appeal_comes_in_time_and_not_in_floods(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        measure = measures.impose(tx, ben, school.id, JOE, "warning", until=NOON + DAY, now=NOON)
        with pytest.raises(ModerationError, match="over"):
            appeals.write(tx, ben, measure.id, "No", now=NOON + WINDOW + DAY)
        for _ in range(IN_A_ROW):
            appeals.write(tx, ben, measure.id, "No", now=NOON + 2 * DAY)
        with pytest.raises(ModerationError, match="Wait for an answer"):
            appeals.write(tx, ben, measure.id, "No", now=NOON + 2 * DAY)


def test_what_ended_by_itself_can_still_be_found_wrong(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        measure = measures.impose(tx, ben, school.id, JOE, "warning", until=NOON + DAY, now=NOON)
        appeal = appeals.write(tx, ben, measure.id, "No", now=NOON + 2 * DAY)
        hearing.decide(tx, ana, appeal, "lift", said="You were right", now=NOON + 2 * DAY)
        suggested = ladder.suggest(tx, ben, school.id, JOE, now=NOON + 2 * DAY)
    assert suggested.rung.kind == "word"


def test_two_who_decide_at_once_come_to_one_outcome(
    database: Database, school: School, ben: Actor, ana: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        measure, appeal = appealed(tx, school, ben)

    def decide(who: Actor, outcome: Outcome) -> bool:
        try:
            with database.begin() as tx:
                hearing.decide(tx, who, appeal, outcome, said="So", now=NOON)
        except ModerationError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(decide, (ana, ada), ("lift", "uphold")))
    assert sorted(done) == [False, True]
    with database.read() as tx:
        after = measures.get(tx, ben, measure.id)
        kept = appeals.get(tx, ben, appeal)
        assert after is not None
        assert kept is not None
        assert (after.lifted_at is not None) == (kept.outcome == "lift")
        assert len(appeals.messages(tx, ben, appeal)) == 2
