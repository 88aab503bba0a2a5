"""A measure reaches every account of a person, ends everywhere, and goes back to what stood."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from console.desk import connections
from moderation import actions, ending, ladder, measures, records
from moderation.model import (
    Action,
    ActionKind,
    Measure,
    ModerationError,
    PenaltyKind,
    Receipt,
    Subject,
)
from platforms.base import Adapter as Platform
from platforms.base import Capability, Original, PlatformError
from store.access import Actor, Denied
from store.db import Database, text
from store.schools import School
from tests import acting
from tests.conftest import NOON, stopped
from tests.moderation_platform import Adapter, Site, Talkative, connect, serving

LATER = NOON + timedelta(hours=1)
DAY = NOON + timedelta(days=1)
OLGA = Subject(person_id="olga")


@dataclass
class Desk:
    db: Database
    school: School
    ben: Actor
    sites: dict[str, Site]
    urls: dict[str, str]
    kinds: dict[str, type[Adapter]] = field(default_factory=dict)

    def adapters(self, connection_id: str) -> Platform:
        return self.kinds.get(connection_id, Adapter)(self.urls[connection_id])

    def impose(self, kind: PenaltyKind = "block", days: float | None = 1, **more: Any) -> Measure:
        until = None if days is None else NOON + timedelta(days=days)
        with self.db.begin() as tx:
            return measures.impose(
                tx, self.ben, self.school.id, OLGA, kind, until=until, now=NOON, **more
            )

    def lift(self, measure: Measure) -> Measure:
        with self.db.begin() as tx:
            return measures.lift(tx, self.ben, measure.id, now=LATER)

    def do(self, measure: Measure) -> list[Receipt]:
        return acting.perform_all(
            self.db, self.ben, measure.action_ids, self.adapters, clock=lambda: NOON
        )

    def roles(self) -> list[str]:
        return [self.sites[name].roles.get("u1", "") for name in sorted(self.sites)]


def acts(desk: Desk, measure: Measure) -> list[Action]:
    with desk.db.read() as tx:
        return records.actions_of(tx, desk.ben, desk.school.id, measure.id)


@pytest.fixture
def desk(database: Database, school: School, ben: Actor) -> Iterator[Desk]:
    sites = {"chat": Site(), "lms": Site()}
    with database.begin() as tx:
        for name in sites:
            connect(tx, school, name)
        tx.execute(
            text("""
                INSERT INTO person (id, school_id, name, email, role, language, level, grp, fields,
                                    source, updated_at)
                VALUES ('olga', :school, 'Olga', 'olga@school.example', 'student', '', '', '', '{}',
                        '', :now)
            """),
            {"school": school.id, "now": NOON},
        )
        for name in sites:
            tx.execute(
                text("""
                    INSERT INTO platform_account (id, school_id, connection_id, external_id,
                        person_id, username, name, suspended, gone, updated_at)
                    VALUES ('of ' || CAST(:name AS TEXT), :school, :name, 'u1', 'olga', 'olga',
                            'Olga', FALSE, FALSE, :now)
                """),
                {"school": school.id, "name": name, "now": NOON},
            )
    sites["chat"].roles["u1"] = "owner"
    sites["lms"].roles["u1"] = "member"
    with serving(sites["chat"]) as chat, serving(sites["lms"]) as lms:
        yield Desk(database, school, ben, sites, {"chat": chat, "lms": lms})


def test_the_plan_names_each_account_and_what_is_done_there(desk: Desk) -> None:
    with desk.db.read() as tx:
        block = measures.plan(tx, desk.ben, desk.school.id, OLGA, "block")
        word = measures.plan(tx, desk.ben, desk.school.id, OLGA, "word")
        mute = measures.plan(tx, desk.ben, desk.school.id, OLGA, "mute")
    assert [(step.connection, step.does, step.undoable) for step in block] == [
        ("CHAT", "suspend account", True),
        ("LMS", "suspend account", True),
    ]
    assert [step.does for step in word] == [None, None]
    assert {str(step.why) for step in mute} == {"Moodle cannot do this. Do it there by hand."}


def test_accounts_of_one_address_are_marked_until_somebody_confirms_all_but_one(desk: Desk) -> None:
    def marked() -> list[bool]:
        with desk.db.read() as tx:
            steps = measures.plan(tx, desk.ben, desk.school.id, OLGA, "block")
        return [step.unconfirmed for step in steps]

    assert marked() == [True, True]
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE platform_account SET linked = 'hand' WHERE connection_id = 'chat'"))
    assert marked() == [False, False]


@pytest.mark.parametrize(
    ("platform", "does"),
    [
        ("moodle", "nobody signs in with it"),
        ("discourse", "nobody signs in with it"),
        ("matrix", "reads and leaves rooms, but writes nothing"),
        ("ejabberd", "with a voice, and that stays unconfirmed"),
    ],
)
def test_the_plan_says_what_a_block_does_on_just_this_platform(
    desk: Desk, platform: str, does: str
) -> None:
    with desk.db.begin() as tx:
        tx.execute(
            text("UPDATE connection SET platform = :to, options = :options"),
            {"to": platform, "options": '{"rooms": "!class:x.example"}'},
        )
        steps = measures.plan(tx, desk.ben, desk.school.id, OLGA, "block")
    assert [str(step.by).endswith(does) for step in steps] == [True, True]


def test_one_block_suspends_every_account_and_each_has_a_receipt(desk: Desk) -> None:
    measure = desk.impose(reason="rude")
    receipts = desk.do(measure)
    assert [receipt.state for receipt in receipts] == ["verified", "verified"]
    assert {site.suspended == {"u1"} for site in desk.sites.values()} == {True}
    with desk.db.read() as tx:
        (known,) = measures.in_force(tx, desk.ben, desk.school.id, OLGA, now=NOON)
        assert measures.in_force(tx, desk.ben, desk.school.id, OLGA, now=DAY) == []
    assert known == measure


def test_the_platforms_are_called_at_the_same_time(desk: Desk) -> None:
    together_there = Barrier(2, timeout=60)  # breaks unless both calls are under way at once

    class Meeting(Adapter):
        def suspend(self, external_id: str) -> None:
            together_there.wait()
            super().suspend(external_id)

    desk.kinds = dict.fromkeys(desk.sites, Meeting)
    assert {receipt.state for receipt in desk.do(desk.impose())} == {"verified"}


def test_a_lift_puts_back_exactly_what_stood_on_each_platform(desk: Desk) -> None:
    measure = desk.impose()
    desk.do(measure)
    assert desk.roles() == ["outcast", "outcast"]
    lifted = desk.lift(measure)
    assert {receipt.state for receipt in desk.do(lifted)} == {"verified"}
    assert desk.roles() == ["owner", "member"]
    assert lifted.lifted_by == "ben"
    with pytest.raises(ModerationError, match="over already"):
        desk.lift(measure)


def test_a_block_ends_by_itself_everywhere(desk: Desk) -> None:
    desk.do(desk.impose())
    for hours in (25, 26):
        at = NOON + timedelta(hours=hours)
        acting.run_due(desk.db, desk.adapters, clock=stopped(at))
    assert desk.roles() == ["owner", "member"]
    assert [site.calls for site in desk.sites.values()] == [["suspend u1", "lift u1"]] * 2


def test_a_removed_connection_keeps_no_other_from_its_end(desk: Desk, ada: Actor) -> None:
    measure = desk.impose()
    desk.do(measure)
    with desk.db.begin() as tx:
        connections.remove(tx, ada, "chat", now=NOON)
    for at in (DAY + timedelta(hours=1), DAY + timedelta(hours=2)):
        acting.run_due(desk.db, desk.adapters, clock=stopped(at))
    assert desk.roles() == ["outcast", "member"]
    chat = acts(desk, measure)[0]
    assert chat.ended
    assert str(chat.receipt.why).startswith("The connection was removed")


def test_what_is_under_way_on_a_removed_connection_is_settled(desk: Desk, ada: Actor) -> None:
    desk.sites["chat"].lie = "down"
    measure = desk.impose()
    assert [receipt.state for receipt in desk.do(measure)] == ["unconfirmed", "verified"]
    with desk.db.begin() as tx:
        connections.remove(tx, ada, "chat", now=NOON)
    chat, _ = acts(desk, measure)
    assert (chat.receipt.state, chat.next_try_at, chat.ended) == ("refused", None, True)
    desk.do(desk.lift(measure))
    assert desk.roles() == ["owner", "member"]


def test_what_an_earlier_removal_left_behind_is_let_go(desk: Desk) -> None:
    """Nothing was settled then, and another one's asking may cross a removal."""
    measure = desk.impose(days=None)
    desk.do(measure)
    late = desk.impose("suspension", days=2)
    with desk.db.begin() as tx:
        tx.execute(text("DELETE FROM connection WHERE id = 'chat'"))
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER)
    assert [one.receipt.state for one in acts(desk, late)] == ["refused", "verified"]
    lifted = desk.lift(late)
    assert desk.do(lifted)[-1].state == "verified"
    assert desk.roles() == ["outcast", "member"]


def test_a_block_that_takes_the_place_of_another_goes_back_to_before_both(desk: Desk) -> None:
    first = desk.impose()
    desk.do(first)
    second = desk.impose(days=None)
    desk.do(second)
    with desk.db.read() as tx:
        assert measures.in_force(tx, desk.ben, desk.school.id, OLGA, now=NOON) == [second]
        replaced = measures.get(tx, desk.ben, first.id)
    assert replaced is not None
    assert replaced.replaced_by == second.id
    acting.run_due(desk.db, desk.adapters, clock=lambda: DAY + timedelta(hours=1))
    assert desk.roles() == ["outcast", "outcast"]  # the first one's end is not the second one's
    desk.do(desk.lift(second))
    assert desk.roles() == ["owner", "member"]


def test_a_longer_block_under_way_outlives_the_end_of_the_earlier_one(desk: Desk) -> None:
    desk.do(desk.impose("suspension"))
    for site in desk.sites.values():
        site.lie = "down"
    block = desk.impose(days=None)
    over = DAY + timedelta(hours=1)
    acting.run_due(desk.db, desk.adapters, clock=lambda: over)
    for site in desk.sites.values():
        site.lie = ""
    for hours in (1, 2, 3):
        at = over + timedelta(hours=hours)
        acting.run_due(desk.db, desk.adapters, clock=stopped(at))
    assert [one.receipt.state for one in acts(desk, block)] == ["verified", "verified"]
    assert desk.roles() == ["outcast", "outcast"]
    desk.do(desk.lift(block))
    assert desk.roles() == ["owner", "member"]


def test_an_earlier_end_holds_where_the_longer_block_never_came_about(desk: Desk) -> None:
    desk.do(desk.impose("suspension"))
    late = desk.impose(days=None)
    over = DAY + timedelta(hours=1)
    with desk.db.begin() as tx:
        assert ending.end_suspensions(tx, now=over, limit=9) == 0
        tx.execute(
            text("UPDATE moderation_action SET state = 'refused' WHERE measure_id = :id"),
            {"id": late.id},
        )
    acting.run_due(desk.db, desk.adapters, clock=lambda: over)
    assert desk.roles() == ["owner", "member"]


def test_a_measure_stands_on_an_account_that_the_next_one_leaves_out(desk: Desk) -> None:
    first = desk.impose(days=None)
    desk.do(first)
    second = desk.impose(days=None, leave_out=frozenset({("chat", "u1")}))
    desk.do(second)
    with desk.db.read() as tx:
        standing = measures.in_force(tx, desk.ben, desk.school.id, OLGA, now=NOON)
    assert {measure.id for measure in standing} == {first.id, second.id}
    desk.do(desk.lift(first))
    assert desk.roles() == ["owner", "outcast"]
    desk.do(desk.lift(second))
    assert desk.roles() == ["owner", "member"]


def test_who_was_suspended_before_the_block_stays_so(desk: Desk) -> None:
    desk.sites["lms"].suspended.add("u1")
    desk.sites["lms"].roles["u1"] = "outcast"
    measure = desk.impose()
    desk.do(measure)
    desk.do(desk.lift(measure))
    assert desk.roles() == ["owner", "outcast"]
    assert desk.sites["lms"].calls == []


@pytest.mark.parametrize("lie", ["drop", "down", "ignore"])
def test_a_lift_after_a_call_of_unknown_effect_still_puts_back_what_stood(
    desk: Desk, lie: str
) -> None:
    """The answer to the suspension was lost, or it never came to one: who knows?"""

    class Forgetful(Adapter):
        def suspended(self, external_id: str) -> bool:
            if self.url == desk.urls["chat"] and "suspend u1" in desk.sites["chat"].calls:
                desk.sites["chat"].lie = "down"
            return super().suspended(external_id)

    desk.kinds["chat"] = Forgetful
    desk.sites["chat"].lie = lie
    measure = desk.impose()
    assert [receipt.state for receipt in desk.do(measure)] == ["unconfirmed", "verified"]
    desk.kinds, desk.sites["chat"].lie = {}, ""
    desk.do(desk.lift(measure))
    assert desk.roles() == ["owner", "member"]
    assert [site.suspended for site in desk.sites.values()] == [set(), set()]


def test_a_shorter_end_holds_on_every_platform(desk: Desk) -> None:
    measure = desk.impose(days=30)
    desk.do(measure)
    with desk.db.begin() as tx:
        shorter = measures.shorten(tx, desk.ben, measure.id, until=LATER, now=NOON)
        with pytest.raises(ModerationError, match="longer"):
            measures.shorten(tx, desk.ben, measure.id, until=DAY, now=NOON)
    assert shorter.until == LATER
    for hours in (1.1, 1.2):
        at = NOON + timedelta(hours=hours)
        acting.run_due(desk.db, desk.adapters, clock=stopped(at))
    assert desk.roles() == ["owner", "member"]


def test_a_word_calls_no_platform_and_is_remembered(desk: Desk) -> None:
    measure = desk.impose("word", days=None, reason="tone", rule="Be kind")
    assert measure.action_ids == ()
    with desk.db.read() as tx:
        assert measures.history(tx, desk.ben, desk.school.id, OLGA) == [measure]
        assert measures.in_force(tx, desk.ben, desk.school.id, OLGA, now=NOON) == []


def test_a_block_stays_in_force_behind_many_words(desk: Desk) -> None:
    block = desk.impose(days=None)
    with desk.db.begin() as tx:
        for minutes in range(1, 52):
            at = NOON + timedelta(minutes=minutes)
            measures.impose(tx, desk.ben, desk.school.id, OLGA, "word", now=at)
    with desk.db.read() as tx:
        assert measures.in_force(tx, desk.ben, desk.school.id, OLGA, now=LATER) == [block]


def test_a_measure_follows_its_accounts_when_the_person_is_merged(desk: Desk) -> None:
    block = desk.impose(days=None)
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE platform_account SET person_id = NULL"))
        tx.execute(text("UPDATE person SET id = 'merged'"))
        known = measures.get(tx, desk.ben, block.id)
        assert known is not None
        assert known.subject == Subject(connection_id="chat", external_id="u1")
        tx.execute(text("UPDATE platform_account SET person_id = 'merged'"))
        known = measures.get(tx, desk.ben, block.id)
        assert known is not None
        assert known.subject == Subject(person_id="merged")


def test_a_measure_nobody_can_carry_out_is_refused(desk: Desk) -> None:
    with pytest.raises(ModerationError, match="None of their platforms"):
        desk.impose("mute")
    with pytest.raises(ModerationError, match="needs an end"):
        desk.impose("suspension", days=None)


def test_nobody_blocks_themselves_or_an_administrator_by_any_account(desk: Desk) -> None:
    with desk.db.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO account (id, name, role, every_school, password_hash, email, disabled,
                                     created_at)
                VALUES ('ada', 'Ada', 'admin', FALSE, '', 'Olga@School.example', FALSE, :now)
            """),
            {"now": NOON},
        )
    with pytest.raises(ModerationError, match="administrator"):
        desk.impose()
    with desk.db.read() as tx:
        assert measures.history(tx, desk.ben, desk.school.id, OLGA) == []


def test_an_account_that_administers_its_platform_is_never_asked_about(desk: Desk) -> None:
    """Without any e-mail address: the platform's own word is enough, before any call."""
    with desk.db.begin() as tx:
        tx.execute(
            text("""
                UPDATE platform_account SET administers = TRUE
                WHERE connection_id = :one AND person_id = 'olga'
            """),
            {"one": sorted(desk.urls)[0]},
        )
        steps = measures.plan(tx, desk.ben, desk.school.id, OLGA, "block")
        spared = [step for step in steps if step.does is None]
        assert [step.connection_id for step in spared] == sorted(desk.urls)[:1]
        assert "administers" in str(spared[0].why)
        with pytest.raises(ModerationError, match="administers"):
            actions.request(
                tx, desk.ben, "mute account", school_id=desk.school.id,
                connection_id=spared[0].connection_id, external_id=spared[0].external_id,
                now=NOON,
            )  # fmt: skip
    desk.do(desk.impose())
    called = {name: site.calls for name, site in desk.sites.items()}
    assert called.pop(spared[0].connection_id) == []
    assert all(called.values())


def test_an_account_that_nobody_owns_stands_for_itself(desk: Desk) -> None:
    stray = Subject(connection_id="lms", external_id="u9")
    with desk.db.begin() as tx:
        measure = measures.impose(tx, desk.ben, desk.school.id, stray, "block", until=DAY, now=NOON)
        assert measures.subject_of(tx, desk.ben, desk.school.id, "lms", "u9") == stray
        assert measures.subject_of(tx, desk.ben, desk.school.id, "lms", "u1") == OLGA
    assert measure.subject == stray
    assert [receipt.state for receipt in desk.do(measure)] == ["verified"]
    assert desk.sites["lms"].suspended == {"u9"}


def test_an_account_left_out_is_left_alone(desk: Desk) -> None:
    desk.do(desk.impose(leave_out=frozenset({("chat", "u1")})))
    assert desk.roles() == ["owner", "outcast"]


class Final(Talkative):
    """A platform that takes nothing back."""

    can: frozenset[Capability] = frozenset({"remove comment", "suspend account", "mute account"})
    undoes: frozenset[Capability] = frozenset()


def test_what_cannot_be_undone_waits_for_a_second_person(desk: Desk, ana: Actor) -> None:
    desk.kinds["chat"] = Final
    measure = desk.impose()
    chat, lms = desk.do(measure)
    assert (chat.state, lms.state) == ("held", "verified")
    assert desk.sites["chat"].calls == []
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER)
    assert desk.sites["chat"].calls == []  # time alone allows nothing
    with desk.db.begin() as tx:
        (held,) = actions.held(tx, desk.ben, desk.school.id)
        with pytest.raises(ModerationError, match="yourself"):
            actions.allow(tx, desk.ben, held.id, now=NOON)
        actions.allow(tx, ana, held.id, now=NOON)
        with pytest.raises(ModerationError, match="no longer"):
            actions.decline(tx, ana, held.id, now=NOON)
    assert desk.do(measure)[0].state == "verified"
    assert desk.roles() == ["outcast", "outcast"]


def test_a_second_person_may_say_no(desk: Desk, ana: Actor) -> None:
    desk.kinds["chat"] = Final
    measure = desk.impose()
    (receipt, _) = desk.do(measure)
    with desk.db.begin() as tx:
        actions.decline(tx, ana, receipt.action_id, now=NOON)
    (receipt, _) = desk.do(measure)
    assert (receipt.state, desk.sites["chat"].calls) == ("refused", [])


def test_a_measure_lifted_while_it_waits_for_a_second_person_is_never_done(
    desk: Desk, ana: Actor
) -> None:
    desk.kinds["chat"] = Final
    measure = desk.impose()
    (held, _) = desk.do(measure)
    desk.do(desk.lift(measure))
    with desk.db.begin() as tx, pytest.raises(ModerationError, match="no longer"):
        actions.allow(tx, ana, held.action_id, now=NOON)
    assert desk.sites["chat"].calls == []


def _ask(desk: Desk, kind: ActionKind, external_id: str, wording: str | None = None) -> Receipt:
    desk.kinds["lms"] = Talkative
    with desk.db.begin() as tx:
        action = actions.request(
            tx, desk.ben, kind, school_id=desk.school.id, connection_id="lms",
            external_id=external_id, wording=wording, now=NOON,
        )  # fmt: skip
    return actions.perform(desk.db, desk.ben, action, desk.adapters, clock=lambda: NOON)


def _undo(desk: Desk, receipt: Receipt) -> Receipt:
    with desk.db.begin() as tx:
        action = actions.undo(tx, desk.ben, receipt.action_id, now=NOON)
    return actions.perform(desk.db, desk.ben, action, desk.adapters, clock=lambda: NOON)


def test_a_new_wording_is_read_back_and_the_old_one_restored(desk: Desk) -> None:
    desk.sites["lms"].write("p1", "<p>call me at <b>555</b></p>", NOON)
    edited = _ask(desk, "edit comment", "p1", "call me at …\n<removed>")
    assert (edited.before, edited.after, edited.state) == ("visible", "edited", "verified")
    assert desk.sites["lms"].posts["p1"]["html"] == "<p>call me at …</p><p>&lt;removed&gt;</p>"
    assert _undo(desk, edited).state == "verified"
    assert desk.sites["lms"].posts["p1"]["html"] == "<p>call me at <b>555</b></p>"


@pytest.mark.parametrize("kind", ["edit comment", "remove comment"])
def test_another_text_than_the_original_is_not_called_restored(
    desk: Desk, kind: ActionKind
) -> None:
    desk.sites["lms"].write("p1", "<p>call me at <b>555</b></p>", NOON)
    done = _ask(desk, kind, "p1", "call me" if kind == "edit comment" else None)
    desk.sites["lms"].lie = "ignore"
    desk.sites["lms"].posts["p1"].update(html="<p>something else</p>", removed=False)
    back = _undo(desk, done)
    assert (back.state, back.after) == ("unconfirmed", "edited")


def test_a_removed_comment_is_not_reworded(desk: Desk) -> None:
    desk.sites["lms"].write("p1", "rude", NOON)
    _ask(desk, "remove comment", "p1")
    refused = _ask(desk, "edit comment", "p1", "kind")
    assert refused.state == "refused"
    assert desk.sites["lms"].posts["p1"]["html"] == "[removed]"


def test_an_empty_wording_is_refused(desk: Desk) -> None:
    with pytest.raises(ModerationError, match="Write what"):
        _ask(desk, "edit comment", "p1", "  ")


def test_a_mute_leaves_a_suspension_alone_and_both_are_taken_back(desk: Desk) -> None:
    suspended = _ask(desk, "suspend account", "u1")
    muted = _ask(desk, "mute account", "u1")
    assert (muted.before, muted.after, muted.state) == ("unmuted", "muted", "verified")
    with desk.db.read() as tx:
        kept = actions.get(tx, desk.ben, suspended.action_id)
    assert kept is not None
    assert not kept.ended
    assert _undo(desk, muted).after == "unmuted"
    assert desk.sites["lms"].suspended == {"u1"}
    assert _undo(desk, suspended).state == "verified"
    assert desk.sites["lms"].roles["u1"] == "member"


def test_strangers_impose_lift_and_read_nothing(desk: Desk, zoe: Actor, eve: Actor) -> None:
    measure = desk.impose()
    with desk.db.begin() as tx:
        for who in (zoe, eve):
            for attempt in (
                lambda who=who: measures.impose(tx, who, desk.school.id, OLGA, "word", now=NOON),
                lambda who=who: measures.lift(tx, who, measure.id, now=NOON),
                lambda who=who: measures.history(tx, who, desk.school.id, OLGA),
                lambda who=who: measures.plan(tx, who, desk.school.id, OLGA, "block"),
            ):
                with pytest.raises(Denied):
                    attempt()


def test_another_schools_person_is_no_subject_here(
    desk: Desk, zoe: Actor, elsewhere: School
) -> None:
    both = Actor("zoe", "Zoe", "admin", frozenset({desk.school.id, elsewhere.id}))
    with desk.db.begin() as tx, pytest.raises(Denied):
        measures.impose(tx, both, elsewhere.id, OLGA, "word", now=NOON)


def refused_block(desk: Desk, *places: str) -> Measure:
    for place in places:
        desk.sites[place].lie = "deny"
    measure = desk.impose()
    desk.do(measure)
    for place in places:
        desk.sites[place].lie = ""
    return measure


def test_a_block_that_every_platform_refused_is_in_force_nowhere_and_counts_for_nothing(
    desk: Desk,
) -> None:
    measure = refused_block(desk, "chat", "lms")
    with desk.db.read() as tx:
        assert measures.in_force(tx, desk.ben, desk.school.id, OLGA, now=NOON) == []
        [known] = measures.history(tx, desk.ben, desk.school.id, OLGA)
        assert (known.id, known.nowhere, known.refused) == (measure.id, True, ("chat", "lms"))
        step = ladder.suggest(tx, desk.ben, desk.school.id, OLGA, now=NOON)
        assert step.counted == ()
        refused = actions.unsettled(tx, desk.ben, desk.school.id)
    assert [action.receipt.state for action in refused] == ["refused", "refused"]


def test_a_refusal_is_listed_until_it_is_asked_again_or_left_so(desk: Desk) -> None:
    refused_block(desk, "chat", "lms")
    with desk.db.begin() as tx:
        first, second = actions.unsettled(tx, desk.ben, desk.school.id)
        actions.take_note(tx, desk.ben, first.id, now=NOON)
        again = actions.ask_again(tx, desk.ben, second.id, now=LATER)
        assert actions.unsettled(tx, desk.ben, desk.school.id) == []
        for each in (first, second):
            with pytest.raises(ModerationError):
                actions.ask_again(tx, desk.ben, each.id, now=NOON)
    acting.perform_all(desk.db, desk.ben, [again], desk.adapters, clock=lambda: LATER)
    with desk.db.read() as tx:
        [known] = measures.in_force(tx, desk.ben, desk.school.id, OLGA, now=NOON)
    assert known.refused == (first.connection_id,)


def test_a_refusal_by_a_second_person_is_an_answer_already(desk: Desk, ana: Actor) -> None:
    measure = desk.impose()
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE moderation_action SET state = 'held', next_try_at = NULL"))
        for action_id in measure.action_ids:
            actions.decline(tx, ana, action_id, now=NOON)
        assert actions.unsettled(tx, desk.ben, desk.school.id) == []


class Silencing(Talkative):
    """Here whoever is put out is silent as well, and comes back as they stood: a chat's rooms."""

    def muted(self, external_id: str) -> bool:
        return self.suspended(external_id) or super().muted(external_id)


def test_a_mute_laid_on_under_a_block_holds_once_the_block_is_lifted(desk: Desk) -> None:
    desk.kinds = dict.fromkeys(desk.sites, Silencing)
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE connection SET platform = 'discourse'"))
    block = desk.impose(days=None)
    desk.do(block)
    mute = desk.impose("mute", days=2)
    assert {receipt.state for receipt in desk.do(mute)} == {"verified"}
    assert {len(site.muted) for site in desk.sites.values()} == {0}
    desk.do(desk.lift(block))
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER)
    assert [site.muted for site in desk.sites.values()] == [{"u1"}, {"u1"}]
    desk.do(desk.lift(mute))
    assert [site.muted for site in desk.sites.values()] == [set(), set()]
    assert desk.roles() == ["owner", "member"]


def test_who_was_muted_before_the_block_is_not_muted_by_us_after_it(desk: Desk) -> None:
    desk.kinds = dict.fromkeys(desk.sites, Silencing)
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE connection SET platform = 'discourse'"))
    for site in desk.sites.values():
        site.muted.add("u1")
    block = desk.impose(days=None)
    desk.do(block)
    mute = desk.impose("mute", days=2)
    desk.do(mute)
    desk.do(desk.lift(block))
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER)
    desk.do(desk.lift(mute))
    assert [site.muted for site in desk.sites.values()] == [{"u1"}, {"u1"}]


@pytest.mark.parametrize("comes", [True, False])
def test_lifting_one_leaves_alone_what_a_later_one_under_way_covers(
    desk: Desk, comes: bool
) -> None:
    first = desk.impose(days=None)
    desk.do(first)
    desk.sites["lms"].lie = "down"
    second = desk.impose(days=None, leave_out=frozenset({("chat", "u1")}))
    desk.do(second)
    desk.sites["lms"].lie = ""
    desk.do(desk.lift(first))
    assert desk.roles() == ["owner", "outcast"]
    if not comes:
        with desk.db.begin() as tx:
            tx.execute(
                text("UPDATE moderation_action SET state = 'refused' WHERE measure_id = :id"),
                {"id": second.id},
            )
    for minutes in (70, 80, 90):
        at = NOON + timedelta(minutes=minutes)
        acting.run_due(desk.db, desk.adapters, clock=lambda at=at: at)  # type: ignore[misc]
    assert desk.roles() == ["owner", "outcast" if comes else "member"]
    if comes:
        assert [one.receipt.state for one in acts(desk, second)] == ["verified"]
        desk.do(desk.lift(second))
        assert desk.roles() == ["owner", "member"]


def test_a_no_after_which_the_block_stands_is_done(desk: Desk) -> None:
    class Grudging(Adapter):
        def suspend(self, external_id: str) -> None:
            super().suspend(external_id)
            raise PlatformError("The token may not do this.", permanent=True, code="denied")

    desk.kinds["chat"] = Grudging
    measure = desk.impose()
    assert [receipt.state for receipt in desk.do(measure)] == ["verified", "verified"]
    desk.do(desk.lift(measure))
    assert desk.roles() == ["owner", "member"]


def test_a_restore_that_never_shows_the_original_ends_with_a_sentence(desk: Desk) -> None:
    class Cleaning(Talkative):
        """It leaves a word out of whatever it is given."""

        def restore(self, original: Original) -> None:
            super().restore(replace(original, html=original.html.replace("moron", "")))

    desk.sites["lms"].write("p1", "<p>you moron</p>", NOON)
    removed = _ask(desk, "remove comment", "p1")
    desk.kinds["lms"] = Cleaning
    with desk.db.begin() as tx:
        back = actions.undo(tx, desk.ben, removed.action_id, now=NOON)
    tried = []
    for hours in range(40):
        at = NOON + timedelta(hours=hours)
        done = actions.perform(desk.db, desk.ben, back, desk.adapters, clock=lambda at=at: at)  # type: ignore[misc]
        tried.append(done)
    assert tried[0].state == "unconfirmed"
    assert tried[-1].state == "refused"
    assert "still shows other words" in str(tried[-1].why)
    assert desk.sites["lms"].calls.count("restore p1") == 6
