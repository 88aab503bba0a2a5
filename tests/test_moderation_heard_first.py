"""A cry for help comes first, whatever was asked for before it came or without seeing it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from moderation import actions, comments, hiding, intake, measures, review, rules, welfare
from moderation.filters import Rules
from moderation.model import Action, Case, Measure, ModerationError, Receipt, Subject, Verdict
from moderation.welfare import FIRST, LEAD_FIRST, Alarm
from platforms.base import Adapter as Platform
from platforms.base import Capability, Original
from store import access, enrolling, linking, roster
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.words import Words
from tests.cast import listed
from tests.conftest import NOON
from tests.moderation_platform import Adapter, Site, Talkative, connect, serving

CRY = "nobody cares, I want to die"
HIDING = Rules.from_toml(
    rules.starter() + '\n[[list]]\nname = "Names"\nterms = ["zonk"]\nhide = true\n'
)
JOE = Subject(None, "lms", "u1")
SOON = NOON + timedelta(minutes=1)


class Final(Talkative):
    """What it does it cannot take back."""

    can = Talkative.can - {"restore comment"}
    undoes: frozenset[Capability] = frozenset()


class Cut(Adapter):
    """The network goes once the platform has done it, so that nobody sees what came of it."""

    def __init__(self, url: str, site: Site) -> None:
        super().__init__(url)
        self.site = site

    def remove(self, external_id: str) -> Original:
        made = super().remove(external_id)
        self.site.lie = "down"
        return made


@dataclass
class Desk:
    db: Database
    school: School
    ben: Actor
    ana: Actor
    site: Site
    url: str
    kind: Callable[[str], Adapter] = Talkative

    def adapters(self, _connection_id: str) -> Platform:
        return self.kind(self.url)

    def say(self, words: str, id_: str = "p1") -> None:
        self.site.write(id_, words, NOON)

    def pull(self) -> None:
        intake.pull(self.db, self.ben, "lms", self.adapters, HIDING, now=NOON)

    def decide(self, verdict: Verdict = "remove", wording: str | None = None) -> str:
        with self.db.begin() as tx:
            [case] = review.waiting(tx, self.ben, self.school.id, now=SOON)
            made = review.decide(tx, self.ben, case.id, verdict, wording=wording, now=SOON)
        assert made.action_id
        return made.action_id

    def do(self, action_id: str, minutes: float = 1) -> Receipt:
        at = NOON + timedelta(minutes=minutes)
        return actions.perform(self.db, self.ben, action_id, self.adapters, clock=lambda: at)

    def hidden(self) -> Action:
        with self.db.read() as tx:
            found = hiding.latest(tx, self.ben, comments.known(tx, self.ben, "lms", ["p1"])["p1"])
        assert found
        return found

    def doubt(self) -> None:
        """A moderator hears what no list does, in a comment whose removal is decided."""
        with self.db.begin() as tx:
            case_id = str(tx.execute(text("SELECT id FROM cases")).scalar_one())
            welfare.by_hand(tx, self.ben, case_id, "self-harm", now=SOON)

    def block(self) -> Measure:
        with self.db.begin() as tx:
            return measures.impose(tx, self.ben, self.school.id, JOE, "block", now=NOON)

    def alarms(self) -> list[Alarm]:
        with self.db.read() as tx:
            return welfare.open_(tx, self.ana, self.school.id)

    def answer(self) -> None:
        with self.db.begin() as tx:
            for alarm in welfare.open_(tx, self.ana, self.school.id):
                welfare.acknowledge(tx, self.ana, alarm.id, "called the parents", now=SOON)

    def waiting(self) -> list[Case]:
        with self.db.read() as tx:
            return review.waiting(tx, self.ben, self.school.id, now=SOON)


@pytest.fixture
def desk(database: Database, school: School, ben: Actor, ana: Actor) -> Iterator[Desk]:
    with database.begin() as tx:
        connect(tx, school)
    site = Site()
    with serving(site) as url:
        yield Desk(database, school, ben, ana, site, url)


@pytest.mark.parametrize(("verdict", "wording"), [("remove", None), ("edit", "be kind")])
def test_a_cry_that_stands_there_right_before_it_goes_is_heard_and_stays(
    desk: Desk, verdict: Verdict, wording: str | None
) -> None:
    desk.say("what an idiot")
    desk.pull()
    asked = desk.decide(verdict, wording)
    desk.site.posts["p1"]["html"] = CRY
    receipt = desk.do(asked)
    assert (receipt.state, receipt.after, receipt.why) == ("refused", "visible", Words(FIRST))
    assert desk.site.calls == []
    [alarm] = desk.alarms()
    assert (alarm.kind, alarm.said, alarm.raised_by) == ("self-harm", CRY, "system")
    assert len(desk.waiting()) == 1  # nothing became of what was decided
    desk.pull()
    assert len(desk.alarms()) == 1
    desk.answer()
    assert desk.do(desk.decide(verdict, wording)).state == "verified"
    desk.pull()
    assert desk.alarms() == []


def test_a_threat_that_stands_there_goes_and_its_alarm_stays(desk: Desk) -> None:
    desk.say("what an idiot")
    desk.pull()
    asked = desk.decide()
    desk.site.posts["p1"]["html"] = "I know where you live"
    assert desk.do(asked).state == "verified"
    [alarm] = desk.alarms()
    assert (alarm.kind, alarm.said) == ("threat", "I know where you live")


def test_a_page_read_right_before_the_removal_is_heard_after_it(desk: Desk) -> None:
    desk.say("what an idiot")
    desk.pull()
    asked = desk.decide()
    desk.site.posts["p1"]["html"] = CRY
    page = desk.kind(desk.url).comments(None)
    desk.site.posts["p1"]["html"] = "what an idiot"
    assert desk.do(asked).state == "verified"
    for _ in range(2):
        intake.take(
            desk.db, desk.ben, "lms", desk.kind(desk.url), page, HIDING,
            also=lambda _: True, now=NOON,
        )  # fmt: skip
    [alarm] = desk.alarms()
    assert (alarm.said, alarm.reworded) == (CRY, True)
    desk.answer()
    desk.pull()  # a notice in its place says nothing
    assert desk.alarms() == []


def test_no_rule_hides_a_cry_that_came_before_it_was_reached(desk: Desk) -> None:
    desk.say("you zonk")
    desk.pull()
    desk.site.posts["p1"]["html"] = CRY
    assert desk.do(desk.hidden().id).why == Words(FIRST)
    assert (len(desk.alarms()), desk.site.calls) == (1, [])


@pytest.mark.parametrize("said", [CRY, "lovely weather"])
def test_a_rule_s_first_try_that_failed_is_let_go_with_its_wording(desk: Desk, said: str) -> None:
    desk.say("you zonk")
    desk.pull()
    desk.site.lie = "down"
    assert desk.do(desk.hidden().id).state == "unconfirmed"
    desk.site.lie = ""
    desk.site.posts["p1"]["html"] = said
    desk.pull()
    hidden = desk.hidden().receipt
    assert (hidden.state, hidden.why) == ("refused", Words(hiding.CHANGED))


def test_what_a_rule_has_called_for_is_not_let_go_but_seen_to_its_end(desk: Desk) -> None:
    desk.say("you zonk")
    desk.pull()
    desk.site.lie = "ignore"
    assert desk.do(desk.hidden().id).state == "unconfirmed"
    desk.site.lie = ""
    desk.site.posts["p1"]["html"] = "lovely weather"
    desk.pull()
    assert desk.hidden().receipt.state == "unconfirmed"


def test_a_removal_that_waits_for_its_platform_is_not_done_over_an_alarm(desk: Desk) -> None:
    desk.say("what an idiot")
    desk.pull()
    asked = desk.decide()
    desk.site.lie = "down"
    assert desk.do(asked).state == "unconfirmed"
    desk.site.lie = ""
    desk.site.posts["p1"]["html"] = CRY
    desk.pull()
    receipt = desk.do(asked, 2)
    assert (receipt.state, receipt.why) == ("refused", Words(FIRST))
    assert (desk.site.calls, len(desk.waiting())) == ([], 1)


def test_what_was_done_before_the_alarm_is_seen_as_done_and_can_be_put_back(desk: Desk) -> None:
    desk.kind = lambda url: Cut(url, desk.site)
    desk.say("what an idiot")
    desk.pull()
    asked = desk.decide()
    assert desk.do(asked).state == "unconfirmed"
    desk.doubt()
    desk.site.lie = ""
    assert desk.do(asked, 2).state == "verified"
    assert desk.site.calls == ["remove p1"]
    with desk.db.begin() as tx:
        back = actions.undo(tx, desk.ben, asked, now=SOON)
    assert desk.do(back, 3).state == "verified"
    assert desk.site.posts["p1"]["html"] == "what an idiot"


def test_a_call_of_unknown_effect_is_only_looked_at_until_it_cannot_come_through(
    desk: Desk,
) -> None:
    desk.say("what an idiot")
    desk.pull()
    asked = desk.decide()
    desk.site.lie = "ignore"
    assert desk.do(asked).state == "unconfirmed"
    desk.site.lie = ""
    desk.doubt()
    tries = [desk.do(asked, 10 * minutes) for minutes in range(1, actions.VAIN + 1)]
    assert [each.state for each in tries] == ["unconfirmed"] * (actions.VAIN - 1) + ["refused"]
    assert [each.why for each in tries] == [Words(FIRST)] * actions.VAIN
    assert (desk.site.calls, len(desk.waiting())) == (["remove p1"], 1)


def test_a_second_person_cannot_allow_the_removal_of_a_cry(desk: Desk) -> None:
    desk.kind = Final
    desk.say("what an idiot")
    desk.pull()
    asked = desk.decide()
    assert desk.do(asked).state == "held"
    desk.site.posts["p1"]["html"] = CRY
    desk.pull()
    with desk.db.begin() as tx, pytest.raises(ModerationError, match="cry for help"):
        actions.allow(tx, desk.ana, asked, now=SOON)
    assert desk.do(asked, 2).state == "held"
    desk.answer()
    with desk.db.begin() as tx:
        actions.allow(tx, desk.ana, asked, now=SOON)
    assert desk.do(asked, 3).state == "verified"


def test_what_would_wait_for_a_second_person_is_refused_where_a_cry_stands(desk: Desk) -> None:
    desk.kind = Final
    desk.say("what an idiot")
    desk.pull()
    asked = desk.decide()
    desk.site.posts["p1"]["html"] = CRY
    assert desk.do(asked).why == Words(FIRST)
    assert len(desk.alarms()) == 1


def test_nobody_but_a_lead_allows_a_penalty_after_a_cry(desk: Desk) -> None:
    desk.kind = Final
    mia = Actor("mia", "Mia", "moderator", frozenset({desk.school.id}))
    [asked] = desk.block().action_ids
    assert desk.do(asked).state == "held"
    desk.say(CRY)
    desk.pull()
    with desk.db.begin() as tx, pytest.raises(ModerationError, match="answers it first"):
        actions.allow(tx, mia, asked, now=SOON)
    with desk.db.begin() as tx:
        actions.allow(tx, desk.ana, asked, now=SOON)
    assert desk.do(asked).state == "verified"


def test_what_a_lead_asked_for_knowing_of_the_cry_anybody_may_second(desk: Desk) -> None:
    desk.kind = Final
    desk.say(CRY)
    desk.pull()
    with desk.db.begin() as tx:
        measure = measures.impose(tx, desk.ana, desk.school.id, JOE, "block", now=SOON)
    [asked] = measure.action_ids
    assert desk.do(asked).state == "held"
    with desk.db.begin() as tx:
        actions.allow(tx, desk.ben, asked, now=SOON)
    assert desk.do(asked).state == "verified"


def test_nobody_but_a_lead_asks_again_for_a_penalty_after_a_cry_from_any_account(
    desk: Desk,
) -> None:
    pult = access.system(desk.school.id)
    with desk.db.begin() as tx:
        enrolling.people(tx, pult, desk.school.id, "lms", [listed("u1"), listed("u2")], now=NOON)
        first, other = (roster.account(tx, pult, "lms", id_) for id_ in ("u1", "u2"))
        assert first
        assert first.person_id
        assert other
        linking.link(tx, desk.ana, other.id, first.person_id, now=NOON)
        subject = measures.subject_of(tx, desk.ben, desk.school.id, "lms", "u2")
        made = measures.impose(
            tx, desk.ben, desk.school.id, subject, "block",
            leave_out=frozenset({("lms", "u1")}), now=NOON,
        )  # fmt: skip
    desk.site.lie = "deny"
    [asked] = made.action_ids
    assert desk.do(asked).state == "refused"
    desk.site.lie = ""
    desk.say(CRY)
    desk.pull()
    with desk.db.begin() as tx, pytest.raises(ModerationError) as refused:
        actions.ask_again(tx, desk.ben, asked, now=SOON)
    assert refused.value.template == LEAD_FIRST
    with desk.db.begin() as tx:
        again = actions.ask_again(tx, desk.ana, asked, now=SOON)
    assert desk.do(again).state == "verified"


def test_a_lift_that_was_refused_is_asked_again_over_any_alarm(desk: Desk) -> None:
    measure = desk.block()
    assert desk.do(measure.action_ids[0]).state == "verified"
    with desk.db.begin() as tx:
        lift = actions.undo(tx, desk.ben, measure.action_ids[0], now=SOON)
        tx.execute(
            text("UPDATE moderation_action SET state = 'refused' WHERE id = :id"), {"id": lift}
        )
    desk.say(CRY)
    desk.pull()
    with desk.db.begin() as tx:
        again = actions.ask_again(tx, desk.ben, lift, now=SOON)
    assert desk.do(again).state == "verified"
    assert desk.site.suspended == set()
