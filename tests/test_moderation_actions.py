"""An action is done when a read-back says so, once, and can be taken back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import pytest

from moderation import actions, cases, comments, deciding, intake, metrics, reversal, review
from moderation.model import ActionKind, Adapters, ModerationError, Receipt
from platforms.base import Comment, Original
from platforms.http import DEADLINE
from store.access import Actor, Denied
from store.db import Connection, Database, text
from store.schools import School
from tests import acting
from tests.conftest import NOON, stopped
from tests.moderation_platform import Adapter, Site, serving
from tests.wordings_kept import wordings_kept

LATER = NOON + timedelta(hours=1)


@dataclass
class Desk:
    db: Database
    school: School
    ben: Actor
    site: Site
    adapters: Adapters

    def ask(
        self, kind: str, id_: str, hours: float | None = None, actor: Actor | None = None
    ) -> str:
        with self.db.begin() as tx:
            return actions.request(
                tx,
                actor or self.ben,
                cast(ActionKind, kind),
                school_id=self.school.id,
                connection_id="lms",
                external_id=id_,
                until=None if hours is None else NOON + timedelta(hours=hours),
                now=NOON,
            )

    def do(self, action_id: str, minutes: float = 0) -> Receipt:
        at = NOON + timedelta(minutes=minutes)
        return actions.perform(self.db, self.ben, action_id, self.adapters, clock=lambda: at)

    def undo(self, action_id: str) -> str:
        with self.db.begin() as tx:
            return actions.undo(tx, self.ben, action_id, now=NOON)


@pytest.fixture
def desk(database: Database, school: School, ben: Actor) -> Iterator[Desk]:
    with database.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO connection (id, school_id, platform, name, url, secret_sealed, options,
                                        state, detail, created_at)
                VALUES ('lms', :school, 'moodle', 'LMS', '', '', '{}', 'new', '', :now)
            """),
            {"school": school.id, "now": NOON},
        )
    site = Site()
    site.write("p1", "<p>you moron</p>", NOON)
    with serving(site) as url:
        made = Desk(database, school, ben, site, lambda _: Adapter(url))
        intake.pull(database, ben, "lms", made.adapters, now=NOON)
        yield made


def test_a_removal_is_verified_and_restored_to_the_letter(desk: Desk) -> None:
    action = desk.ask("remove comment", "p1")
    receipt = desk.do(action)
    assert (receipt.before, receipt.after, receipt.state) == ("visible", "removed", "verified")
    assert receipt.verified_at == NOON
    assert desk.site.posts["p1"]["removed"]
    assert desk.do(desk.undo(action)).state == "verified"
    assert desk.site.posts["p1"]["html"] == "<p>you moron</p>"


def test_what_was_edited_before_the_removal_is_kept_and_put_back(desk: Desk) -> None:
    action = desk.ask("remove comment", "p1")
    desk.site.posts["p1"]["html"] = "<p>you moron!!</p>"
    desk.do(action)
    with desk.db.read() as tx:
        kept = comments.known(tx, desk.ben, "lms", ["p1"])["p1"]
        assert wordings_kept(tx, kept.id) == 2
    desk.do(desk.undo(action))
    assert desk.site.posts["p1"]["html"] == "<p>you moron!!</p>"


def test_done_twice_is_called_once(desk: Desk) -> None:
    action = desk.ask("suspend account", "u1")
    assert desk.ask("suspend account", "u1") == action
    assert desk.do(action) == desk.do(action)
    assert desk.site.calls == ["suspend u1"]


def test_a_yes_without_effect_is_never_called_done(desk: Desk) -> None:
    desk.site.lie = "ignore"
    action = desk.ask("remove comment", "p1")
    receipt = desk.do(action)
    assert (receipt.state, receipt.after, receipt.verified_at) == ("unconfirmed", "visible", None)
    assert receipt.why is not None
    desk.site.lie = ""
    assert acting.run_due(desk.db, desk.adapters, clock=lambda: NOON) == 0  # not before its time
    assert acting.run_due(desk.db, desk.adapters, clock=lambda: LATER) == 1
    assert desk.do(action).state == "verified"


def test_an_answer_lost_after_the_call_is_settled_by_reading_back(desk: Desk) -> None:
    desk.site.lie = "drop"
    assert desk.do(desk.ask("remove comment", "p1")).state == "verified"
    assert desk.site.calls == ["remove p1"]


def test_a_refusal_is_final_and_says_the_platforms_sentence(desk: Desk) -> None:
    desk.site.lie = "deny"
    receipt = desk.do(desk.ask("suspend account", "u1"))
    assert (receipt.state, str(receipt.why)) == ("refused", "The token may not do this.")
    assert acting.run_due(desk.db, desk.adapters, clock=lambda: LATER) == 0


def test_a_no_to_a_mere_look_is_tried_again_for_hours_and_then_ends(desk: Desk) -> None:
    desk.site.lie = "blind"
    action = desk.ask("suspend account", "u1")
    assert desk.do(action).state == "unconfirmed"
    desk.site.lie = ""
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER)
    assert desk.do(action).state == "verified"
    desk.site.lie = "blind"
    never = desk.ask("suspend account", "u2")
    tried = [desk.do(never, minutes=10 * n).state for n in range(40)]
    assert tried[11] == "unconfirmed"
    assert (tried[-1], desk.site.calls) == ("refused", ["suspend u1"])


def test_a_platform_that_is_down_is_tried_again_until_it_is_back(desk: Desk) -> None:
    desk.site.lie = "down"
    action = desk.ask("suspend account", "u1")
    assert desk.do(action).state == "unconfirmed"
    desk.site.lie = ""
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER)
    assert desk.site.suspended == {"u1"}
    assert desk.do(action).state == "verified"


def test_worker_and_screen_never_act_at_the_same_time(desk: Desk) -> None:
    desk.site.lie = "slow"
    action = desk.ask("suspend account", "u1")
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: desk.do(action), range(4)))
    assert desk.site.calls == ["suspend u1"]
    assert "verified" in {receipt.state for receipt in receipts}


def test_after_a_crash_in_mid_call_another_takes_over_and_looks_first(desk: Desk) -> None:
    class Killed(BaseException):
        pass

    class Dying(Adapter):
        def suspend(self, external_id: str) -> None:
            super().suspend(external_id)
            raise Killed

    action = desk.ask("suspend account", "u1")
    dying = Dying(cast(Adapter, desk.adapters("lms")).url)
    with pytest.raises(Killed):
        actions.perform(desk.db, desk.ben, action, lambda _: dying, clock=lambda: NOON)
    assert desk.do(action).state == "unconfirmed"  # the dead one's lease still runs
    assert acting.run_due(desk.db, desk.adapters, clock=lambda: LATER) == 1
    receipt = desk.do(action)
    assert (receipt.before, receipt.state) == ("active", "verified")
    assert desk.site.calls == ["suspend u1"]


class Ticking:
    """A clock that stands still until time passes."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def passes(self, calls: int) -> None:
        """As long as so many calls of a platform take that answers only just in time."""
        self.now += timedelta(seconds=calls * DEADLINE)


class Crawling(Adapter):
    """Takes as long as an LMS may that reads a post twice before it writes."""

    def __init__(self, url: str, clock: Ticking) -> None:
        super().__init__(url)
        self.clock = clock

    def thread(self, thread_id: str) -> list[Comment]:
        self.clock.passes(1)
        return super().thread(thread_id)

    def removed(self, external_id: str) -> bool:
        self.clock.passes(1)
        return super().removed(external_id)

    def remove(self, external_id: str) -> Original:
        self.clock.passes(3)
        return super().remove(external_id)


def test_the_receipt_names_the_time_of_the_read_back(desk: Desk) -> None:
    clock = Ticking(NOON)
    crawling = Crawling(cast(Adapter, desk.adapters("lms")).url, clock)
    action = desk.ask("remove comment", "p1")
    receipt = actions.perform(desk.db, desk.ben, action, lambda _: crawling, clock=clock)
    assert receipt.verified_at == clock.now == NOON + timedelta(seconds=6 * DEADLINE)


def test_nobody_else_acts_while_a_slow_round_is_at_an_action(desk: Desk) -> None:
    clock = Ticking(LATER)
    second: list[Receipt] = []

    class Watched(Crawling):
        def remove(self, external_id: str) -> Original:
            clock.passes(3)
            action = waiting[external_id]
            second.append(actions.perform(desk.db, desk.ben, action, desk.adapters, clock=clock))
            return Adapter.remove(self, external_id)

    for id_ in ("p2", "p3"):
        desk.site.write(id_, "<p>you moron</p>", NOON)
    waiting = {id_: desk.ask("remove comment", id_) for id_ in ("p1", "p2", "p3")}
    watched = Watched(cast(Adapter, desk.adapters("lms")).url, clock)
    assert acting.run_due(desk.db, lambda _: watched, clock=clock) == 3
    assert sorted(desk.site.calls) == ["remove p1", "remove p2", "remove p3"]
    assert all(receipt.why and "at this moment" in str(receipt.why) for receipt in second)
    assert {desk.do(action).state for action in waiting.values()} == {"verified"}


def test_a_suspension_ends_by_itself_once(desk: Desk) -> None:
    desk.do(desk.ask("suspend account", "u1", hours=2))
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER)
    assert desk.site.suspended == {"u1"}
    for hours in (3, 4):
        acting.run_due(desk.db, desk.adapters, clock=Ticking(NOON + timedelta(hours=hours)))
    assert desk.site.calls == ["suspend u1", "lift u1"]


def test_who_was_suspended_before_stays_so_at_the_end(desk: Desk) -> None:
    desk.site.suspended.add("u1")
    action = desk.ask("suspend account", "u1", hours=1)
    assert desk.do(action).before == "suspended"
    with pytest.raises(ModerationError):
        desk.undo(action)
    acting.run_due(desk.db, desk.adapters, clock=lambda: NOON + timedelta(hours=2))
    assert desk.site.suspended == {"u1"}


def test_a_lift_takes_the_place_of_a_suspension_not_yet_made(desk: Desk) -> None:
    desk.site.lie = "down"
    suspension = desk.ask("suspend account", "u1")
    desk.do(suspension)
    desk.site.lie = ""
    assert desk.do(desk.undo(suspension)).state == "verified"
    assert desk.do(suspension).state == "refused"
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER)
    assert desk.site.suspended == set()


def test_protected_and_own_accounts_are_never_suspended(desk: Desk) -> None:
    desk.site.protected["u9"] = "It is the console's own account."
    receipt = desk.do(desk.ask("suspend account", "u9"))
    assert (receipt.state, str(receipt.why)) == ("refused", "It is the console's own account.")
    with desk.db.begin() as tx:
        _link_to(tx, desk, "u5", "ben@school.example")
    with pytest.raises(ModerationError, match="your own"):
        desk.ask("suspend account", "u5")
    assert desk.site.calls == []


def test_the_roster_and_the_audit_follow_what_was_read_back(desk: Desk, ada: Actor) -> None:
    with desk.db.begin() as tx:
        _link_to(tx, desk, "u1", "joe@school.example")
    action = desk.do(desk.ask("suspend account", "u1")).action_id
    with desk.db.read() as tx:
        stored = tx.execute(text("SELECT suspended FROM platform_account")).scalar_one()
        outcomes = tx.execute(
            text("SELECT outcome FROM audit WHERE subject = :id ORDER BY outcome"), {"id": action}
        ).scalars()
        assert list(outcomes) == ["asked", "verified"]
        assert metrics.actions(tx, ada, desk.school.id) == {"verified": 1}
        (shown,) = actions.of(tx, ada, desk.school.id, person_id="person u1")
    assert stored
    assert shown.receipt.state == "verified"


def test_a_removal_that_a_second_person_declines_is_decided_anew(desk: Desk, ana: Actor) -> None:
    with desk.db.begin() as tx:
        case_id = str(tx.execute(text("SELECT id FROM cases")).scalar_one())
        made = deciding.decide(tx, desk.ben, case_id, "remove", now=NOON)
        assert made.action_id is not None
        tx.execute(
            text("UPDATE moderation_action SET state = 'held', next_try_at = NULL WHERE id = :id"),
            {"id": made.action_id},
        )
    with desk.db.begin() as tx:
        actions.decline(tx, ana, made.action_id, now=LATER)
        case = review.case(tx, desk.ben, case_id)
    assert case is not None
    assert case.state == "waiting"


@pytest.mark.parametrize("name", ["eve", "zoe"])
def test_others_cannot_ask_act_undo_or_read(
    desk: Desk, name: str, request: pytest.FixtureRequest
) -> None:
    other: Actor = request.getfixturevalue(name)
    action = desk.ask("remove comment", "p1")
    with pytest.raises(Denied):
        desk.ask("remove comment", "p1", actor=other)
    with pytest.raises(Denied):
        actions.perform(desk.db, other, action, desk.adapters, clock=lambda: NOON)
    with pytest.raises(Denied):
        intake.pull(desk.db, other, "lms", desk.adapters, now=NOON)
    with desk.db.begin() as tx:
        for attempt in (
            lambda: actions.undo(tx, other, action, now=NOON),
            lambda: actions.get(tx, other, action),
            lambda: actions.of(tx, other, desk.school.id),
            lambda: metrics.cases(tx, other, desk.school.id),
            lambda: review.waiting(tx, other, desk.school.id, now=NOON),
        ):
            with pytest.raises(Denied):
                attempt()
    assert desk.site.calls == []


def test_a_connection_of_another_school_is_out_of_reach(
    desk: Desk, zoe: Actor, elsewhere: School
) -> None:
    with desk.db.begin() as tx, pytest.raises(Denied):
        actions.request(
            tx, zoe, "suspend account", school_id=elsewhere.id, connection_id="lms",
            external_id="u1", now=NOON,
        )  # fmt: skip


def _link_to(tx: Connection, desk: Desk, external_id: str, email: str) -> None:
    values = {"school": desk.school.id, "x": external_id, "email": email, "now": NOON}
    for sql in (
        """INSERT INTO person (id, school_id, name, email, role, language, level, grp, fields,
                               source, updated_at)
           VALUES ('person ' || CAST(:x AS TEXT), :school, 'P', :email, '', '', '', '', '{}',
                   '', :now)""",
        """INSERT INTO platform_account (id, school_id, connection_id, external_id, person_id,
                                         username, name, suspended, gone, updated_at)
           VALUES ('account ' || CAST(:x AS TEXT), :school, 'lms', :x,
                   'person ' || CAST(:x AS TEXT), 'x', 'P', FALSE, FALSE, :now)""",
    ):
        tx.execute(text(sql), values)
    if email.startswith("ben@"):
        tx.execute(
            text("""INSERT INTO account (id, name, role, every_school, password_hash, email,
                                         disabled, created_at)
                    VALUES ('ben', 'Ben', 'moderator', FALSE, '', :email, FALSE, :now)"""),
            values,
        )


@pytest.mark.parametrize("lie", ["deny", "unreadable"])
def test_a_lift_that_is_refused_stays_open_until_it_is_done(desk: Desk, lie: str) -> None:
    desk.site.roles["u1"] = "owner"
    desk.do(desk.ask("suspend account", "u1", hours=0.5))
    desk.site.lie = lie
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER)
    assert desk.site.suspended == {"u1"}
    with desk.db.read() as tx:
        [open_] = actions.unsettled(tx, desk.ben, desk.school.id)
    assert (open_.kind, open_.receipt.state) == ("lift account", "unconfirmed")
    assert open_.receipt.why is not None
    desk.site.lie = ""
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER + timedelta(seconds=10))
    assert (desk.site.suspended, desk.site.roles["u1"]) == (set(), "owner")


def test_a_platform_that_stays_down_is_asked_less_and_less_often(desk: Desk) -> None:
    desk.site.lie = "down"
    action = desk.ask("suspend account", "u1")
    at, waited = NOON, []
    for _ in range(4):
        now = at
        actions.perform(desk.db, desk.ben, action, desk.adapters, clock=stopped(now))
        with desk.db.read() as tx:
            kept = actions.get(tx, desk.ben, action)
        assert kept is not None
        assert kept.next_try_at is not None
        waited.append((kept.next_try_at - at).total_seconds())
        at = kept.next_try_at
    assert waited == [5, 10, 20, 40]
    desk.site.lie = "deny"  # it was never called: a refusal is final
    assert desk.do(action, minutes=10).state == "refused"


def test_a_lift_by_hand_after_a_lift_that_failed_puts_back_what_stood(desk: Desk) -> None:
    desk.site.roles["u1"] = "owner"
    desk.do(desk.ask("suspend account", "u1", hours=0.5))
    desk.site.lie = "deny"
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER)
    with desk.db.begin() as tx:  # as such a refusal was kept in earlier releases
        tx.execute(
            text("UPDATE moderation_action SET state = 'refused' WHERE kind = 'lift account'")
        )
    desk.site.lie = ""
    assert desk.do(desk.ask("lift account", "u1")).state == "verified"
    assert desk.site.roles["u1"] == "owner"


def test_a_suspension_in_place_of_a_lift_that_failed_goes_back_to_before_both(desk: Desk) -> None:
    desk.site.roles["u1"] = "owner"
    desk.do(desk.ask("suspend account", "u1", hours=0.5))
    desk.site.lie = "deny"
    acting.run_due(desk.db, desk.adapters, clock=lambda: LATER)
    desk.site.lie = ""
    again = desk.ask("suspend account", "u1", hours=2)
    assert desk.do(again).state == "verified"
    assert desk.do(desk.undo(again)).state == "verified"
    assert (desk.site.suspended, desk.site.roles["u1"]) == (set(), "owner")


def test_an_adapter_that_breaks_keeps_nobody_waiting(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Adapter):
        def suspended(self, external_id: str) -> bool:
            if external_id == "u1":
                raise KeyError("suspended")
            return super().suspended(external_id)

    broken = Broken(cast(Adapter, desk.adapters("lms")).url)
    first, _ = desk.ask("suspend account", "u1"), desk.ask("suspend account", "u2")
    acting.run_due(desk.db, lambda _: broken, clock=lambda: NOON)
    assert desk.site.suspended == {"u2"}
    with desk.db.read() as tx:
        kept = actions.get(tx, desk.ben, first)
    assert kept is not None
    assert (kept.receipt.state, kept.receipt.why is None) == ("unconfirmed", False)
    assert "KeyError" in caplog.text
    assert desk.do(first, minutes=0.2).state == "verified"  # nobody holds it


def test_a_case_whose_removal_is_refused_waits_again(desk: Desk) -> None:
    with desk.db.begin() as tx:
        kept = comments.known(tx, desk.ben, "lms", ["p1"])["p1"]
        case = cases.report_comment(
            tx, desk.ben, desk.school.id, kept.id, reporter="eve", reason="rude", now=NOON
        )
        made = review.decide(tx, desk.ben, case, "remove", now=NOON)
        assert review.waiting(tx, desk.ben, desk.school.id, now=NOON) == []
    desk.site.lie = "deny"
    assert desk.do(str(made.action_id)).state == "refused"
    with desk.db.read() as tx:
        assert [one.id for one in review.waiting(tx, desk.ben, desk.school.id, now=NOON)] == [case]


def test_what_somebody_put_back_on_the_platform_is_not_offered_to_be_restored(desk: Desk) -> None:
    removal = desk.ask("remove comment", "p1")
    assert desk.do(removal).state == "verified"
    desk.site.posts["p1"] |= {"removed": False, "html": "<p>you moron</p>"}
    intake.pull(desk.db, desk.ben, "lms", desk.adapters, now=LATER)
    with desk.db.read() as tx:
        kept = comments.known(tx, desk.ben, "lms", ["p1"])["p1"]
        assert not kept.removed
        assert reversal.in_effect(tx, desk.ben, kept) is None
        assert reversal.restorable(tx, desk.ben, desk.school.id, [kept.id]) == {}
        seen, taken = actions.of(tx, desk.ben, desk.school.id)
    assert (taken.id, taken.ended) == (removal, True)
    assert (seen.kind, seen.undo_of, seen.receipt.state) == ("restore comment", removal, "verified")
    assert str(seen.receipt.why) == "Somebody put it back on the platform; Pult only saw it."
    again = desk.ask("remove comment", "p1")
    assert desk.do(again, minutes=70).state == "verified"
    with desk.db.begin() as tx:
        kept = comments.known(tx, desk.ben, "lms", ["p1"])["p1"]
        standing = reversal.in_effect(tx, desk.ben, kept)
        assert standing is not None
        assert standing.id == again
        back = reversal.restore(tx, desk.ben, kept.id, now=LATER)
    assert desk.do(back, minutes=80).state == "verified"
    assert desk.site.posts["p1"]["html"] == "<p>you moron</p>"


@pytest.mark.parametrize(
    ("late", "minutes", "found"),
    [(50, 1, 1), (59 * 60, 1, 0), (59 * 60, 6, 1), (61 * 60, 6, 0)],
)
def test_what_reaches_the_platform_late_is_read_all_the_same(
    desk: Desk, late: int, minutes: int, found: int
) -> None:
    """Written `late` seconds before what was read last, by a slow clock or another server."""
    pulled = NOON + timedelta(minutes=minutes)
    desk.site.write("p2", "nothing rude", NOON - timedelta(seconds=late))
    assert intake.pull(desk.db, desk.ben, "lms", desk.adapters, now=pulled) == found
    assert intake.pull(desk.db, desk.ben, "lms", desk.adapters, now=pulled) == 0
    with desk.db.read() as tx:
        assert len(comments.known(tx, desk.ben, "lms", ["p2"])) == found


def test_a_quiet_forum_is_not_read_again_where_evidence_may_have_gone(desk: Desk) -> None:
    desk.site.write("p2", "nothing rude", NOON - timedelta(minutes=5))
    pulled = NOON + timedelta(days=2)
    assert intake.pull(desk.db, desk.ben, "lms", desk.adapters, now=pulled) == 0
