"""One case per comment, in order, for one moderator at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from moderation import actions, cases, comments, intake, review, rules, trial, wordings
from moderation.filters import Rules, RulesError, WordList, screen
from moderation.matching import Find, Matcher, Term
from moderation.model import CLAIM, Case, ModerationError, Stored, Verdict
from store.access import Actor, Denied
from store.db import Connection, Database, text
from store.schools import School
from tests.conftest import NOON
from tests.moderation_platform import Adapter, Site, _comment, colleague, connect, serving
from tests.wordings_kept import wordings_kept

POST = _comment({"id": "p1", "html": "you moron", "author": "u1", "at": NOON.timestamp()})


@pytest.fixture(autouse=True)
def _connected(database: Database, school: School) -> None:
    with database.begin() as tx:
        connect(tx, school)


@dataclass(frozen=True)
class Queue:
    """Ben's queue in one open transaction."""

    tx: Connection
    school: School
    ben: Actor

    def put(self, said: str = "moron", id_: str = "1", *, now: datetime = NOON) -> str:
        """The case that what was said makes, or ''."""
        post = replace(POST, external_id=id_, text=said, html=said)
        kept = wordings.merge(self.tx, self.ben, self.school.id, "lms", post, now=now)
        found = screen(rules.of(self.tx, self.ben, self.school.id), said)
        return cases.flagged(self.tx, self.ben, kept.id, found, now=now) or ""

    def known(self, id_: str) -> Stored:
        return comments.known(self.tx, self.ben, "lms", [id_])[id_]

    def report(self, comment_id: str, reporter: str) -> str:
        return review.report_comment(
            self.tx, self.ben, self.school.id, comment_id,
            reporter=reporter, reason="rude", now=NOON,
        )  # fmt: skip

    def decide(
        self, case_id: str, verdict: Verdict, *, by: Actor | None = None, reason: str = ""
    ) -> str:
        """The action that it asks for, or ''."""
        made = review.decide(self.tx, by or self.ben, case_id, verdict, reason=reason, now=NOON)
        return made.action_id or ""

    def waiting(self, actor: Actor | None = None) -> list[Case]:
        return review.waiting(self.tx, actor or self.ben, self.school.id, now=NOON)

    def count(self, actor: Actor | None = None) -> int:
        return review.count(self.tx, actor or self.ben, self.school.id)[0]


@dataclass(frozen=True)
class Forum:
    """A site that is read into Ben's queue."""

    db: Database
    school: School
    ben: Actor
    site: Site
    adapter: Adapter

    def pull(self, watched: Rules | None = None) -> int:
        return intake.pull(self.db, self.ben, "lms", lambda _: self.adapter, watched, now=NOON)

    def perform(self, *action_ids: str) -> None:
        for id_ in action_ids:
            actions.perform(self.db, self.ben, id_, lambda _: self.adapter, clock=lambda: NOON)

    def waiting(self) -> list[Case]:
        with self.queue() as queue:
            return queue.waiting()

    @contextmanager
    def queue(self) -> Iterator[Queue]:
        with self.db.begin() as tx:
            yield Queue(tx, self.school, self.ben)


@pytest.fixture
def queue(database: Database, school: School, ben: Actor) -> Iterator[Queue]:
    with database.begin() as tx:
        yield Queue(tx, school, ben)


@pytest.fixture
def forum(database: Database, school: School, ben: Actor) -> Iterator[Forum]:
    site = Site()
    with serving(site) as url:
        yield Forum(database, school, ben, site, Adapter(url))


def test_harm_reports_and_age_order_the_queue(queue: Queue) -> None:
    mild = queue.put(id_="1")
    grave = queue.put("moron, idiot, loser", "2")
    old = queue.put(id_="3", now=NOON - timedelta(hours=6))
    reported = queue.put(id_="4")
    for reporter in ("x", "y", "y"):
        assert queue.report(queue.known("4").id, reporter) == reported
    waiting = queue.waiting()
    assert [case.id for case in waiting] == [old, grave, reported, mild]
    assert waiting[2].reports == 2
    assert "Reports from participants: 2" in map(str, waiting[2].reasons)
    orders = [case.order for case in waiting]
    assert orders == sorted(orders, reverse=True)
    counted = review.count(queue.tx, queue.ben, queue.school.id)
    assert counted == (4, NOON - timedelta(hours=6))


def test_a_report_alone_makes_a_case_and_reopens_an_approved_one(queue: Queue) -> None:
    assert queue.put("see you at six") == ""
    case_id = queue.report(queue.known("1").id, "x")
    queue.decide(case_id, "approve")
    assert queue.waiting() == []
    assert queue.report(queue.known("1").id, "y") == case_id
    assert len(queue.waiting()) == 1


def test_only_one_moderator_holds_a_case_until_the_claim_runs_out(queue: Queue, ana: Actor) -> None:
    tx, case_id = queue.tx, queue.put()
    assert review.claim(tx, queue.ben, case_id, now=NOON)
    assert not review.claim(tx, ana, case_id, now=NOON)
    assert review.next_case(tx, ana, queue.school.id, now=NOON) is None
    with pytest.raises(ModerationError):
        queue.decide(case_id, "approve", by=ana)
    assert not review.release(tx, ana, case_id)
    assert review.claim(tx, ana, case_id, now=NOON + CLAIM)
    assert review.release(tx, ana, case_id)
    taken = review.next_case(tx, queue.ben, queue.school.id, now=NOON)
    assert taken is not None
    assert (taken.id, taken.claimed_by) == (case_id, "ben")


def test_a_case_that_changed_since_it_was_seen_is_not_decided(queue: Queue) -> None:
    case_id = queue.put()
    queue.put("idiot")
    with pytest.raises(ModerationError):
        review.decide(queue.tx, queue.ben, case_id, "approve", now=NOON, version=1)
    shown = review.case(queue.tx, queue.ben, case_id)
    assert shown is not None
    assert (shown.comment.text, shown.flags[0].term) == ("idiot", "idiot")
    review.decide(queue.tx, queue.ben, case_id, "approve", now=NOON, version=shown.version)


def test_racing_moderators_never_both_decide(forum: Forum, ana: Actor) -> None:
    with forum.queue() as queue:
        ids = [queue.put(id_=str(number)) for number in range(15)]

    def decide(actor: Actor) -> int:
        won = 0
        for case_id in ids:
            with suppress(ModerationError), forum.queue() as queue:
                queue.decide(case_id, "remove", by=actor)
                won += 1
        return won

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(decide, (forum.ben, ana))) == len(ids)
    with forum.db.read() as tx:
        for table in ("decision", "moderation_action"):
            assert tx.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one() == len(ids)


def test_what_is_handed_on_is_for_a_coordinator(queue: Queue, ana: Actor) -> None:
    colleague(queue.tx, "ana")
    case_id = queue.put()
    queue.decide(case_id, "hand on", reason="not sure")
    assert queue.count() == 0
    assert not review.claim(queue.tx, queue.ben, case_id, now=NOON)
    with pytest.raises(ModerationError):
        queue.decide(case_id, "approve")
    (case,) = queue.waiting(ana)
    assert case.handed_on
    queue.decide(case_id, "approve", by=ana)


def test_a_case_is_not_handed_on_where_nobody_else_may_decide_it(queue: Queue, ana: Actor) -> None:
    colleague(queue.tx, "ana")
    colleague(queue.tx, "mia", "moderator")
    case_id = queue.put()
    with pytest.raises(ModerationError, match="Nobody else"):
        queue.decide(case_id, "hand on", by=ana)
    assert [queue.count(who) for who in (ana, queue.ben)] == [1, 1]


def test_who_handed_a_case_on_has_it_back_only_when_nobody_else_is_left(
    queue: Queue, ana: Actor
) -> None:
    colleague(queue.tx, "olga")
    case_id = queue.put()
    queue.decide(case_id, "hand on", by=ana)
    assert queue.count(ana) == 0
    assert not review.claim(queue.tx, ana, case_id, now=NOON)
    with pytest.raises(ModerationError):
        queue.decide(case_id, "approve", by=ana)
    queue.tx.execute(text("UPDATE account SET disabled = TRUE WHERE id = 'olga'"))
    assert queue.count() == 0
    assert review.claim(queue.tx, ana, case_id, now=NOON)
    queue.decide(case_id, "approve", by=ana)


def test_a_reopened_case_is_anybody_s_whoever_it_was_handed_on_to(queue: Queue, ana: Actor) -> None:
    colleague(queue.tx, "ana")
    case_id = queue.put()
    queue.decide(case_id, "hand on")
    queue.put("idiot")
    assert queue.count() == 0  # a new wording leaves it with Ana
    queue.decide(case_id, "approve", by=ana)
    queue.put("loser")
    assert review.claim(queue.tx, queue.ben, case_id, now=NOON)
    queue.decide(case_id, "hand on")
    removal = queue.decide(case_id, "remove", by=ana)
    actions.undo(queue.tx, ana, removal, now=NOON)
    assert [case.id for case in queue.waiting()] == [case_id]


def test_a_removal_that_is_undone_leaves_its_case_to_be_decided_again(queue: Queue) -> None:
    case_id = queue.put()
    removal = queue.decide(case_id, "remove")
    assert queue.waiting() == []
    actions.undo(queue.tx, queue.ben, removal, now=NOON)
    assert [case.id for case in queue.waiting()] == [case_id]
    queue.decide(case_id, "approve")
    assert review.count(queue.tx, queue.ben, queue.school.id) == (0, None)


def test_beside_a_case_stand_its_thread_author_and_similar_decisions(queue: Queue) -> None:
    first = queue.put("you are such a moron")
    queue.decide(first, "approve", reason="a joke")
    case_id = queue.put("You are such a moron!", "2")
    assert len(review.thread(queue.tx, queue.ben, case_id)) == 2
    assert review.author(queue.tx, queue.ben, case_id).comments == 2
    (past,) = review.similar(queue.tx, queue.ben, case_id)
    assert (past.case_id, past.decision, past.reason) == (first, "approve", "a joke")


def test_of_a_long_discussion_the_part_around_the_comment_and_its_parent_are_shown(
    queue: Queue,
) -> None:
    for number in range(30):
        said = replace(
            POST,
            external_id=f"n{number}",
            written_at=NOON + timedelta(minutes=number // 2),
            parent_id="n1" if number == 20 else "",
        )
        wordings.merge(queue.tx, queue.ben, queue.school.id, "lms", said, now=NOON)
    thread = comments.thread(queue.tx, queue.ben, queue.known("n20"), limit=10)
    found = [post.external_id for post in thread]
    assert found[0] == "n1"
    assert "n20" in found
    assert {"n17", "n18", "n19", "n22", "n23"} <= set(found)
    assert "n2" not in found
    assert "n29" not in found


@pytest.mark.parametrize("name", ["eve", "zoe"])
def test_others_can_neither_read_claim_nor_decide(
    forum: Forum, name: str, request: pytest.FixtureRequest
) -> None:
    other: Actor = request.getfixturevalue(name)
    with forum.queue() as queue:
        tx, school, case_id = queue.tx, queue.school, queue.put()
        kept = queue.known("1")
        for attempt in (
            lambda: review.waiting(tx, other, school.id, now=NOON),
            lambda: review.count(tx, other, school.id),
            lambda: review.case(tx, other, case_id),
            lambda: review.claim(tx, other, case_id, now=NOON),
            lambda: review.release(tx, other, case_id),
            lambda: review.next_case(tx, other, school.id, now=NOON),
            lambda: review.decide(tx, other, case_id, "approve", now=NOON),
            lambda: review.author(tx, other, case_id),
            lambda: review.thread(tx, other, case_id),
            lambda: review.similar(tx, other, case_id),
            lambda: review.report_comment(
                tx, other, school.id, kept.id, reporter="z", reason="", now=NOON
            ),
            lambda: comments.get(tx, other, kept.id),
            lambda: wordings.merge(tx, other, school.id, "lms", POST, now=NOON),
            lambda: cases.flagged(tx, other, kept.id, [], now=NOON),
            lambda: rules.text_of(tx, other, school.id),
            lambda: rules.save(tx, other, school.id, "", now=NOON),
        ):
            with pytest.raises(Denied):
                attempt()


def test_a_school_has_its_own_rules_and_bad_ones_change_nothing(
    database: Database, school: School, ada: Actor
) -> None:
    with database.begin() as tx:
        ours = '[[list]]\nname = "ours"\nterms = ["frog"]'
        found = trial.over(tx, ada, school.id, rules.built(ours), now=NOON)
        trial.keep(tx, ada, school.id, found, now=NOON)
        rules.save(tx, ada, school.id, ours, now=NOON)
        with pytest.raises(RulesError):
            rules.save(tx, ada, school.id, "[[list]]", now=NOON)
        (flag,) = screen(rules.of(tx, ada, school.id), "you moron, you frog")
    assert (flag.rule, flag.term) == ("ours", "frog")


def test_intake_takes_each_comment_once_and_sees_edits(forum: Forum) -> None:
    site, pull = forum.site, forum.pull
    site.write("p1", "hello", NOON)
    assert (pull(), pull()) == (1, 0)
    site.write("p0", "late in the same second, you moron", NOON + timedelta(seconds=0.5))
    site.write("p2", "\0 odd \ud83d", NOON + timedelta(seconds=9))
    assert (pull(), pull()) == (2, 0)
    site.posts["p2"]["html"] = "edited: idiot"
    assert (pull(), pull()) == (1, 0)
    found = {case.comment.external_id: case.comment for case in forum.waiting()}
    assert set(found) == {"p0", "p2"}
    with forum.db.read() as tx:
        assert wordings_kept(tx, found["p2"].id) == 2
    assert found["p0"].attachments == ("cat.png",)


def test_what_a_removal_leaves_is_no_edit_but_a_return_is(forum: Forum) -> None:
    forum.site.write("p1", "you moron", NOON)
    forum.pull()
    with forum.queue() as queue:
        (case,) = queue.waiting()
        assert queue.decide(case.id, "remove")
    forum.adapter.remove("p1")
    assert forum.pull() == 0
    with forum.queue() as queue:
        comments.note_removed(queue.tx, queue.ben, "lms", "p1", True)
    forum.site.posts["p1"] |= {"html": "you idiot", "removed": False}
    assert forum.pull() == 1
    (again,) = forum.waiting()
    assert (again.id, again.comment.text) == (case.id, "you idiot")
    assert not again.comment.removed


def test_a_comment_that_stands_again_in_the_same_words_waits_again_and_says_so(
    forum: Forum,
) -> None:
    for id_, said in (("p1", "you moron"), ("p2", "see you at six"), ("p3", "you idiot")):
        forum.site.write(id_, said, NOON)
    before = {id_: dict(post) for id_, post in forum.site.posts.items()}
    forum.pull()
    with forum.queue() as queue:
        queue.report(queue.known("p2").id, "x")
        cases_of = {case.comment.external_id: case.id for case in queue.waiting()}
        removals = {id_: queue.decide(case_id, "remove") for id_, case_id in cases_of.items()}
    forum.perform(*removals.values())
    assert forum.pull() == 0
    with forum.queue() as queue:
        back = actions.undo(queue.tx, queue.ben, removals["p3"], now=NOON)
        queue.decide(cases_of["p3"], "approve")
    forum.site.posts |= before  # ours asks for p3, and somebody puts all three back
    assert (forum.pull(), forum.pull()) == (2, 0)
    forum.perform(back)
    assert forum.pull() == 0
    waiting = forum.waiting()
    assert {case.id for case in waiting} == {cases_of["p1"], cases_of["p2"]}
    for case in waiting:
        assert "It stands again after its removal" in map(str, case.reasons)


def test_a_moderator_works_on_while_a_comment_is_screened(forum: Forum) -> None:
    with forum.queue() as queue:
        case_id = queue.put()
    claimed: list[bool] = []

    class Meanwhile(Matcher):
        def find(self, said: str, enough: int | None = None) -> list[Find]:
            with forum.queue() as queue:
                claimed.append(review.claim(queue.tx, queue.ben, case_id, now=NOON))
            return super().find(said, enough)

    watched = Rules((WordList("ours", "en", ("frog",)),), ())
    object.__setattr__(watched, "_matcher", Meanwhile([Term("ours", "frog", "frog")]))
    forum.site.write("p1", "you frog", NOON)
    assert forum.pull(watched) == 1
    assert claimed == [True, True]  # the text and the subject, each once


@pytest.mark.parametrize("table", ["comment_version", "comment_report", "intake_cursor"])
def test_every_row_says_whose_school_it_is(forum: Forum, table: str) -> None:
    forum.site.write("p1", "hello", NOON)
    forum.pull()
    with forum.queue() as queue:
        queue.report(queue.known("p1").id, "x")
        rows = queue.tx.execute(text(f"SELECT school_id FROM {table}")).scalars()
        assert list(rows) == [forum.school.id]


def test_a_watched_word_in_the_subject_alone_opens_a_case(forum: Forum) -> None:
    forum.site.write("p1", "see above", NOON, subject="Joe is a moron")
    forum.pull()
    (case,) = forum.waiting()
    (flag,) = case.flags
    assert (flag.part, case.comment.subject[flag.start : flag.end]) == ("subject", "moron")


def test_an_answer_is_not_blamed_for_the_subject_that_it_repeats(forum: Forum) -> None:
    forum.site.write("p1", "see above", NOON, subject="Joe is a moron")
    forum.site.write("p2", "stop it", NOON, subject="Re: Joe is a moron", parent="p1")
    forum.site.write("p3", "no", NOON, subject="You idiot. Re: Joe is a moron", parent="p1")
    forum.pull()
    found = {
        case.comment.external_id: [flag.term for flag in case.flags] for case in forum.waiting()
    }
    assert found == {"p1": ["moron"], "p3": ["idiot"]}
