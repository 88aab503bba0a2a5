"""A rule may take a comment down until somebody decides: at once, once, and back as it stood."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from shutil import copytree

import pytest

from moderation import actions, bulk, comments, deciding, hiding, intake, judging, review, welfare
from moderation.filters import Rules, RulesError
from moderation.model import Action, Case, ModerationError
from platforms.base import Capability
from platforms.capabilities import CommentEditor, CommentRemover
from platforms.moodle import Moodle
from store import audit, db
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import acting, failing, killing
from tests.conftest import NOON
from tests.moderation_platform import Adapter, Site, connect, serving
from tests.stand_in import StandIn, open_campus

HIDING = Rules.from_toml("""
[[list]]
name = "Insults"
terms = ["idiot"]
hide = true
[[list]]
name = "Milder"
terms = ["silly"]
[[list]]
name = "Help"
terms = ["want to die"]
welfare = "self-harm"
[[list]]
name = "Threats"
terms = ["kill you"]
welfare = "threat"
[links]
allowed = []
hide = true
""")
LATER = NOON + timedelta(hours=1)
KILLS, HIDDEN = 2, 4


class Final(Adapter):
    """It removes, and cannot take that back exactly."""

    undoes: frozenset[Capability] = frozenset({"suspend account"})


@pytest.fixture
def site() -> Iterator[tuple[Site, str]]:
    made = Site()
    with serving(made) as url:
        yield made, url


@pytest.fixture
def lms(database: Database, school: School, site: tuple[Site, str]) -> Adapter:
    with database.begin() as tx:
        connect(tx, school)
    return Adapter(site[1])


def pull(database: Database, actor: Actor, adapter: Adapter | Moodle) -> None:
    intake.pull(database, actor, "lms", lambda _: adapter, HIDING, now=NOON)


def act(database: Database, adapter: Adapter | Moodle, now: datetime = NOON) -> None:
    """What the worker does every second."""
    acting.run_due(database, lambda _: adapter, clock=lambda: now)


def only(database: Database, actor: Actor, school: School) -> Case:
    with database.read() as tx:
        [case] = review.waiting(tx, actor, school.id, now=NOON)
    return case


def latest(database: Database, actor: Actor, case: Case) -> Action:
    with database.read() as tx:
        found = hiding.latest(tx, actor, case.comment)
    assert found is not None
    return found


def test_what_a_hiding_rule_finds_is_down_at_once_waits_and_comes_back_by_approval(
    database: Database, school: School, ada: Actor, site: tuple[Site, str], lms: Adapter
) -> None:
    post = site[0].posts
    site[0].write("p1", "you idiot", NOON)
    site[0].write("p2", "silly you", NOON)
    pull(database, ada, lms)
    act(database, lms)
    assert [post[id_]["removed"] for id_ in ("p1", "p2")] == [True, False]
    pull(database, ada, lms)  # what stands in its place is no new wording
    with database.read() as tx:
        waiting = review.waiting(tx, ada, school.id, now=NOON)
        milder, case = sorted(waiting, key=lambda each: each.comment.text)
        hidden = hiding.in_effect(tx, ada, case.comment)
        assert hiding.in_effect(tx, ada, milder.comment) is None
    assert hidden is not None
    assert (case.comment.text, hidden.requested_by, hidden.reason) == (
        "you idiot", hiding.RULE, "Insults",
    )  # fmt: skip
    assert (hidden.receipt.state, hidden.receipt.before) == ("verified", "visible")
    with database.begin() as tx:
        made = deciding.decide(tx, ada, case.id, "approve", now=NOON)
    assert made.action_id
    act(database, lms)
    assert (post["p1"]["removed"], post["p1"]["html"]) == (False, "you idiot")
    assert site[0].calls == ["remove p1", "restore p1"]
    pull(database, ada, lms)
    act(database, lms)
    assert only(database, ada, school).comment.text == "silly you"
    with database.read() as tx:
        noted = [(one.account_id, one.action) for one in audit.entries(tx, ada, school.id)]
    assert (hiding.RULE, "hide comment") in noted


def test_a_removal_keeps_it_down_without_another_call_and_its_undo_puts_back_what_stood(
    database: Database, school: School, ben: Actor, site: tuple[Site, str], lms: Adapter
) -> None:
    site[0].write("p1", "<b>see</b> http://evil.example", NOON)
    pull(database, ben, lms)
    act(database, lms)
    case = only(database, ben, school)
    with database.begin() as tx:
        with pytest.raises(ModerationError, match="hidden"):
            deciding.decide(tx, ben, case.id, "edit", wording="see", now=NOON)
        made = deciding.decide(tx, ben, case.id, "remove", now=NOON)
    act(database, lms)
    with database.begin() as tx:
        action = actions.get(tx, ben, made.action_id or "")
        assert action is not None
        assert action.receipt.state == "verified"
        assert site[0].calls == ["remove p1"]
        actions.undo(tx, ben, action.id, now=NOON)
    act(database, lms)
    assert site[0].posts["p1"]["html"] == "<b>see</b> http://evil.example"


def test_a_decision_before_the_platform_answers_is_what_stands(
    database: Database, school: School, ben: Actor, site: tuple[Site, str], lms: Adapter
) -> None:
    for id_ in ("p1", "p2"):
        site[0].write(id_, f"you idiot {id_}", NOON)
    site[0].lie = "down"
    with serving(healthy := Site()) as url:
        healthy.posts = site[0].posts
        pull(database, ben, Adapter(url))
    act(database, lms)
    with database.begin() as tx:
        first, second = review.waiting(tx, ben, school.id, now=NOON)
        chosen = bulk.as_read([first])
        bulk.decide(tx, ben, school.id, chosen, "approve", now=NOON)
        deciding.decide(tx, ben, second.id, "remove", now=NOON)
    site[0].lie = ""
    for _ in range(2):
        act(database, lms, LATER)
    stand = {id_: post["removed"] for id_, post in site[0].posts.items()}
    assert stand == {first.comment.external_id: False, second.comment.external_id: True}


def test_a_refusal_in_the_middle_of_many_leaves_its_case_as_it_was(
    database: Database, school: School, ben: Actor, site: tuple[Site, str], lms: Adapter
) -> None:
    for id_ in ("p1", "p2"):
        site[0].write(id_, f"you idiot {id_}", NOON)
    pull(database, ben, lms)
    act(database, lms)
    with database.begin() as tx:
        tx.execute(text("UPDATE comment SET erased_at = 1 WHERE external_id = 'p1'"))
        waiting = review.waiting(tx, ben, school.id, now=NOON)
        ids = {case.comment.external_id: case.id for case in waiting}
        made = bulk.decide(tx, ben, school.id, bulk.as_read(waiting), "approve", now=NOON)
        assert (made.missed, made.decided) == ((ids["p1"],), (ids["p2"],))
        left = review.waiting(tx, ben, school.id, now=NOON)
    assert bulk.as_read(left) == bulk.as_read([one for one in waiting if one.id == ids["p1"]])


def test_the_same_wording_is_hidden_once_and_another_one_anew(
    database: Database, school: School, ben: Actor, site: tuple[Site, str], lms: Adapter
) -> None:
    site[0].write("p1", "you idiot", NOON)
    pull(database, ben, lms)
    act(database, lms)
    case = only(database, ben, school)
    with database.begin() as tx:
        deciding.decide(tx, ben, case.id, "approve", now=NOON)
    act(database, lms)
    with database.begin() as tx:
        kept = comments.get(tx, ben, case.comment.id)
        assert kept is not None
        judging.judge(tx, ben, HIDING, replace(kept, text="You  IDIOT"), now=NOON)
    act(database, lms)
    assert site[0].posts["p1"]["removed"] is False
    site[0].write("p1", "you utter idiot", NOON + timedelta(minutes=1))
    pull(database, ben, lms)
    act(database, lms, LATER)
    assert site[0].posts["p1"]["removed"] is True


def test_what_the_author_took_back_before_the_call_is_left_alone(
    database: Database, school: School, ben: Actor, site: tuple[Site, str], lms: Adapter
) -> None:
    site[0].write("p1", "you idiot", NOON)
    pull(database, ben, lms)
    site[0].write("p1", "sorry", NOON)
    pull(database, ben, lms)
    act(database, lms)
    assert site[0].calls == []
    assert str(latest(database, ben, only(database, ben, school)).receipt.why) == hiding.CHANGED


def test_where_a_removal_cannot_be_taken_back_the_rule_only_queues_and_says_so(
    database: Database, school: School, ben: Actor, site: tuple[Site, str]
) -> None:
    with database.begin() as tx:
        connect(tx, school)
    site[0].write("p1", "you idiot", NOON)
    final = Final(site[1])
    pull(database, ben, final)
    act(database, final)
    case = only(database, ben, school)
    assert site[0].calls == []
    receipt = latest(database, ben, case).receipt
    assert (receipt.state, str(receipt.why)) == ("refused", actions.ONLY_QUEUED)
    with database.begin() as tx:
        made = deciding.decide(tx, ben, case.id, "approve", now=NOON)
    assert made.action_id is None


@pytest.mark.parametrize("said", ["you idiot, I want to die", "idiot, I will kill you"])
def test_a_cry_for_help_or_a_threat_raises_its_alarm_and_is_never_hidden(
    said: str, database: Database, school: School, ben: Actor, site: tuple[Site, str], lms: Adapter
) -> None:
    site[0].write("p1", said, NOON)
    pull(database, ben, lms)
    act(database, lms)
    assert site[0].calls == []
    with database.read() as tx:
        assert len(welfare.unanswered(tx, ben, school.id)) == 1
    assert only(database, ben, school).comment.text == said


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('[[list]]\nname="x"\nterms=["y"]\nwelfare="abuse"\nhide=true', "never hidden"),
        ('[[list]]\nname="x"\nterms=["y"]\nhide="yes"', "true or false"),
        ('[[pattern]]\nname="x"\nexpression="y"\non=1', "true or false"),
        ("[flood]\ncomments=3\nminutes=1\nhide=0", "true or false"),
    ],
)
def test_a_bad_switch_is_refused(written: str, problem: str) -> None:
    with pytest.raises(RulesError, match=problem):
        Rules.from_toml(written)


@pytest.fixture(scope="module")
def campus() -> Iterator[StandIn]:
    with open_campus() as opened:
        yield opened


def marked(site: Moodle) -> str:
    """Put a watched word into a post of the campus that answers another; its id."""
    post = next(each for each in site.comments(None) if each.parent_id)
    site.edit(post.external_id, "<p>you <b>idiot</b>, come here</p>")
    return post.external_id


def written(site: Moodle, id_: str) -> tuple[str, str]:
    [post] = [each for each in site.comments(None) if each.external_id == id_]
    return post.subject, post.html


def test_on_the_campus_s_moodle_it_goes_and_comes_back_to_the_letter(
    database: Database, school: School, ben: Actor, campus: StandIn
) -> None:
    site = Moodle(campus.moodle["url"], campus.moodle["token"], {"loopback_only": "1"})
    assert isinstance(site, CommentRemover)
    assert isinstance(site, CommentEditor)
    id_ = marked(site)
    stood = written(site, id_)
    with database.begin() as tx:
        connect(tx, school)
    pull(database, ben, site)
    act(database, site, datetime.now(UTC))
    assert site.removed(id_)
    pull(database, ben, site)
    with database.begin() as tx:
        waiting = review.waiting(tx, ben, school.id, now=NOON, limit=100)
        [case] = [each for each in waiting if each.comment.external_id == id_]
        deciding.decide(tx, ben, case.id, "approve", now=NOON)
    act(database, site, datetime.now(UTC))
    assert written(site, id_) == stood
    pull(database, ben, site)
    with database.read() as tx:
        again = review.case(tx, ben, case.id)
    assert again is not None
    assert again.state == "decided"


def test_a_worker_killed_while_it_hides_hides_once_and_nothing_is_lost(
    sqlite_template: Path, tmp_path: Path, campus: StandIn
) -> None:
    data = copytree(sqlite_template, tmp_path / "data")
    opened = db.connect(data)
    everything = Rules.from_toml("[[pattern]]\nname = 'All'\nexpression = '(?s).+'\nhide = true")
    with failing.lms(campus) as lms:
        desk = failing.desk_of(opened, {"lms": lms})
        ward, tally = killing.Ward(desk, killing.worker(data), 1), killing.Tally()
        lms.faults.plan = lambda _method, _path: "slow"
        ids = [desk.subject("lms", "remove comment") for _ in range(HIDDEN)]
        subjects: list[killing.Subject] = [("lms", "remove comment", id_) for id_ in ids]
        stood = ward.stand(subjects)
        waiting = [_hidden(desk, everything, id_)[1] for id_ in ids]
        killing.through(ward, waiting, KILLS, Random(14), tally)
        assert (tally.kills, tally.lies, tally.refused, tally.unsettled) == (KILLS, 0, 0, 0)
        assert [_hidden(desk, everything, id_)[1] for id_ in ids] == waiting  # not once more
        cases = [_hidden(desk, everything, id_)[0] for id_ in ids]
        with opened.begin() as tx:
            made = [
                deciding.decide(tx, desk.ben, case_id, "approve", now=datetime.now(UTC))
                for case_id in cases
            ]
        desk.do(*(each.action_id or "" for each in made))
        assert ward.stand(subjects) == stood
    opened.close()


def _hidden(desk: failing.Desk, watched: Rules, external_id: str) -> tuple[str, str]:
    """Screen the comment, as the intake does; its case, and the removal that the rule asked for."""
    with desk.db.begin() as tx:
        kept = comments.known(tx, desk.ben, "lms", [external_id])[external_id]
        case_id = judging.judge(tx, desk.ben, watched, kept, now=datetime.now(UTC))
        hidden = hiding.latest(tx, desk.ben, kept)
    assert case_id
    assert hidden is not None
    return case_id, hidden.id
