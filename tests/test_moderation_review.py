"""One case per comment, in order, for one moderator at a time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from moderation import actions, cases, comments, intake, review, rules, trial, wordings
from moderation.filters import Rules, RulesError, WordList, screen
from moderation.matching import Find, Matcher, Term
from moderation.model import CLAIM, ModerationError
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


def put(
    tx: Connection, actor: Actor, school: School, id_: str, said: str, now: datetime = NOON
) -> str:
    post = replace(POST, external_id=id_, text=said, html=said)
    kept = wordings.merge(tx, actor, school.id, "lms", post, now=now)
    found = screen(rules.of(tx, actor, school.id), said)
    return cases.flagged(tx, actor, kept.id, found, now=now) or ""


def test_harm_reports_and_age_order_the_queue(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        mild = put(tx, ben, school, "1", "moron")
        grave = put(tx, ben, school, "2", "moron, idiot, loser")
        old = put(tx, ben, school, "3", "moron", now=NOON - timedelta(hours=6))
        reported = put(tx, ben, school, "4", "moron")
        comment = review.case(tx, ben, reported)
        assert comment is not None
        for reporter in ("x", "y", "y"):
            again = review.report_comment(
                tx, ben, school.id, comment.comment.id, reporter=reporter, reason="rude", now=NOON
            )
            assert again == reported
        waiting = review.waiting(tx, ben, school.id, now=NOON)
        assert [case.id for case in waiting] == [old, grave, reported, mild]
        assert waiting[2].reports == 2
        assert "Reports from participants: 2" in map(str, waiting[2].reasons)
        assert [case.order for case in waiting] == sorted(
            (case.order for case in waiting), reverse=True
        )
        assert review.count(tx, ben, school.id) == (4, NOON - timedelta(hours=6))


def test_a_report_alone_makes_a_case_and_reopens_an_approved_one(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        assert put(tx, ben, school, "1", "see you at six") == ""
        kept = comments.known(tx, ben, "lms", ["1"])["1"].id

        def report(who: str) -> str:
            return review.report_comment(
                tx, ben, school.id, kept, reporter=who, reason="", now=NOON
            )

        case_id = report("x")
        review.decide(tx, ben, case_id, "approve", now=NOON)
        assert review.waiting(tx, ben, school.id, now=NOON) == []
        assert report("y") == case_id
        assert len(review.waiting(tx, ben, school.id, now=NOON)) == 1


def test_only_one_moderator_holds_a_case_until_the_claim_runs_out(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        case_id = put(tx, ben, school, "1", "moron")
        assert review.claim(tx, ben, case_id, now=NOON)
        assert not review.claim(tx, ana, case_id, now=NOON)
        assert review.next_case(tx, ana, school.id, now=NOON) is None
        with pytest.raises(ModerationError):
            review.decide(tx, ana, case_id, "approve", now=NOON)
        assert not review.release(tx, ana, case_id)
        assert review.claim(tx, ana, case_id, now=NOON + CLAIM)
        assert review.release(tx, ana, case_id)
        taken = review.next_case(tx, ben, school.id, now=NOON)
        assert taken is not None
        assert (taken.id, taken.claimed_by) == (case_id, "ben")


def test_a_case_that_changed_since_it_was_seen_is_not_decided(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        case_id = put(tx, ben, school, "1", "moron")
        put(tx, ben, school, "1", "idiot")
        with pytest.raises(ModerationError):
            review.decide(tx, ben, case_id, "approve", now=NOON, version=1)
        shown = review.case(tx, ben, case_id)
        assert shown is not None
        assert (shown.comment.text, shown.flags[0].term) == ("idiot", "idiot")
        review.decide(tx, ben, case_id, "approve", now=NOON, version=shown.version)


def test_racing_moderators_never_both_decide(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        ids = [put(tx, ben, school, str(number), "moron") for number in range(15)]

    def decide(actor: Actor) -> int:
        won = 0
        for case_id in ids:
            try:
                with database.begin() as tx:
                    review.decide(tx, actor, case_id, "remove", now=NOON)
                won += 1
            except ModerationError:
                pass
        return won

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(decide, (ben, ana))) == len(ids)
    with database.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM decision")).scalar_one() == len(ids)
        assert tx.execute(text("SELECT COUNT(*) FROM moderation_action")).scalar_one() == len(ids)


def test_what_is_handed_on_is_for_a_coordinator(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        colleague(tx, "ana")
        case_id = put(tx, ben, school, "1", "moron")
        review.decide(tx, ben, case_id, "hand on", reason="not sure", now=NOON)
        assert review.count(tx, ben, school.id)[0] == 0
        assert not review.claim(tx, ben, case_id, now=NOON)
        with pytest.raises(ModerationError):
            review.decide(tx, ben, case_id, "approve", now=NOON)
        (case,) = review.waiting(tx, ana, school.id, now=NOON)
        assert case.handed_on
        review.decide(tx, ana, case_id, "approve", now=NOON)


def test_a_case_is_not_handed_on_where_nobody_else_may_decide_it(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        colleague(tx, "ana")
        colleague(tx, "mia", "moderator")
        case_id = put(tx, ben, school, "1", "moron")
        with pytest.raises(ModerationError, match="Nobody else"):
            review.decide(tx, ana, case_id, "hand on", now=NOON)
        assert [review.count(tx, who, school.id)[0] for who in (ana, ben)] == [1, 1]


def test_who_handed_a_case_on_has_it_back_only_when_nobody_else_is_left(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        colleague(tx, "olga")
        case_id = put(tx, ben, school, "1", "moron")
        review.decide(tx, ana, case_id, "hand on", now=NOON)
        assert review.count(tx, ana, school.id)[0] == 0
        assert not review.claim(tx, ana, case_id, now=NOON)
        with pytest.raises(ModerationError):
            review.decide(tx, ana, case_id, "approve", now=NOON)
        tx.execute(text("UPDATE account SET disabled = TRUE WHERE id = 'olga'"))
        assert review.count(tx, ben, school.id)[0] == 0
        assert review.claim(tx, ana, case_id, now=NOON)
        review.decide(tx, ana, case_id, "approve", now=NOON)


def test_a_reopened_case_is_anybody_s_whoever_it_was_handed_on_to(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        colleague(tx, "ana")
        case_id = put(tx, ben, school, "1", "moron")
        review.decide(tx, ben, case_id, "hand on", now=NOON)
        put(tx, ben, school, "1", "idiot")
        assert review.count(tx, ben, school.id)[0] == 0  # a new wording leaves it with Ana
        review.decide(tx, ana, case_id, "approve", now=NOON)
        put(tx, ben, school, "1", "loser")
        assert review.claim(tx, ben, case_id, now=NOON)
        review.decide(tx, ben, case_id, "hand on", now=NOON)
        removal = review.decide(tx, ana, case_id, "remove", now=NOON).action_id
        actions.undo(tx, ana, removal or "", now=NOON)
        assert [case.id for case in review.waiting(tx, ben, school.id, now=NOON)] == [case_id]


def test_a_removal_that_is_undone_leaves_its_case_to_be_decided_again(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        case_id = put(tx, ben, school, "1", "moron")
        removal = review.decide(tx, ben, case_id, "remove", now=NOON).action_id
        assert removal is not None
        assert review.waiting(tx, ben, school.id, now=NOON) == []
        actions.undo(tx, ben, removal, now=NOON)
        assert [case.id for case in review.waiting(tx, ben, school.id, now=NOON)] == [case_id]
        review.decide(tx, ben, case_id, "approve", now=NOON)
        assert review.count(tx, ben, school.id) == (0, None)


def test_beside_a_case_stand_its_thread_author_and_similar_decisions(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        first = put(tx, ben, school, "1", "you are such a moron")
        review.decide(tx, ben, first, "approve", reason="a joke", now=NOON)
        case_id = put(tx, ben, school, "2", "You are such a moron!")
        assert len(review.thread(tx, ben, case_id)) == 2
        assert review.author(tx, ben, case_id).comments == 2
        (past,) = review.similar(tx, ben, case_id)
        assert (past.case_id, past.decision, past.reason) == (first, "approve", "a joke")


def test_of_a_long_discussion_the_part_around_the_comment_and_its_parent_are_shown(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        for number in range(30):
            said = replace(
                POST,
                external_id=f"n{number}",
                written_at=NOON + timedelta(minutes=number // 2),
                parent_id="n1" if number == 20 else "",
            )
            wordings.merge(tx, ben, school.id, "lms", said, now=NOON)
        kept = comments.known(tx, ben, "lms", ["n20"])["n20"]
        found = [post.external_id for post in comments.thread(tx, ben, kept, limit=10)]
    assert found[0] == "n1"
    assert "n20" in found
    assert {"n17", "n18", "n19", "n22", "n23"} <= set(found)
    assert "n2" not in found
    assert "n29" not in found


@pytest.mark.parametrize("name", ["eve", "zoe"])
def test_others_can_neither_read_claim_nor_decide(
    database: Database, school: School, ben: Actor, name: str, request: pytest.FixtureRequest
) -> None:
    other: Actor = request.getfixturevalue(name)
    with database.begin() as tx:
        case_id = put(tx, ben, school, "1", "moron")
        kept = comments.known(tx, ben, "lms", ["1"])["1"]
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


def test_intake_takes_each_comment_once_and_sees_edits(
    database: Database, school: School, ben: Actor
) -> None:
    site = Site()
    site.write("p1", "hello", NOON)

    def pull() -> int:
        return intake.pull(database, ben, "lms", lambda _: Adapter(url), now=NOON)

    with serving(site) as url:
        assert (pull(), pull()) == (1, 0)
        site.write("p0", "late in the same second, you moron", NOON + timedelta(seconds=0.5))
        site.write("p2", "\0 odd \ud83d", NOON + timedelta(seconds=9))
        assert (pull(), pull()) == (2, 0)
        site.posts["p2"]["html"] = "edited: idiot"
        assert (pull(), pull()) == (1, 0)
    with database.read() as tx:
        found = {case.comment.external_id: case for case in review.waiting(
            tx, ben, school.id, now=NOON)}  # fmt: skip
        assert set(found) == {"p0", "p2"}
        assert wordings_kept(tx, found["p2"].comment.id) == 2
        assert found["p0"].comment.attachments == ("cat.png",)


def test_what_a_removal_leaves_is_no_edit_but_a_return_is(
    database: Database, school: School, ben: Actor
) -> None:
    site = Site()
    site.write("p1", "you moron", NOON)
    with serving(site) as url:
        adapter = Adapter(url)
        intake.pull(database, ben, "lms", lambda _: adapter, now=NOON)
        with database.begin() as tx:
            (case,) = review.waiting(tx, ben, school.id, now=NOON)
            decision = review.decide(tx, ben, case.id, "remove", now=NOON)
            assert decision.action_id is not None
        adapter.remove("p1")
        assert intake.pull(database, ben, "lms", lambda _: adapter, now=NOON) == 0
        with database.begin() as tx:
            comments.note_removed(tx, ben, "lms", "p1", True)
        site.posts["p1"] |= {"html": "you idiot", "removed": False}
        assert intake.pull(database, ben, "lms", lambda _: adapter, now=NOON) == 1
    with database.read() as tx:
        (again,) = review.waiting(tx, ben, school.id, now=NOON)
        assert (again.id, again.comment.text, again.comment.removed) == (
            case.id,
            "you idiot",
            False,
        )


def test_a_comment_that_stands_again_in_the_same_words_waits_again_and_says_so(
    database: Database, school: School, ben: Actor
) -> None:
    site = Site()
    for id_, said in (("p1", "you moron"), ("p2", "see you at six"), ("p3", "you idiot")):
        site.write(id_, said, NOON)
    before = {id_: dict(post) for id_, post in site.posts.items()}
    with serving(site) as url:
        adapter = Adapter(url)

        def pull() -> int:
            return intake.pull(database, ben, "lms", lambda _: adapter, now=NOON)

        def act(*ids: str | None) -> None:
            for id_ in ids:
                actions.perform(database, ben, id_ or "", lambda _: adapter, clock=lambda: NOON)

        pull()
        with database.begin() as tx:
            kept = comments.known(tx, ben, "lms", ["p2"])["p2"].id
            review.report_comment(tx, ben, school.id, kept, reporter="x", reason="", now=NOON)
            removed = {
                case.comment.external_id: review.decide(tx, ben, case.id, "remove", now=NOON)
                for case in review.waiting(tx, ben, school.id, now=NOON)
            }
        act(*(made.action_id for made in removed.values()))
        assert pull() == 0
        with database.begin() as tx:
            back = actions.undo(tx, ben, removed["p3"].action_id or "", now=NOON)
            review.decide(tx, ben, removed["p3"].case_id, "approve", now=NOON)
        site.posts |= before  # ours asks for p3, and somebody puts all three back
        assert (pull(), pull()) == (2, 0)
        act(back)
        assert pull() == 0
    with database.read() as tx:
        waiting = review.waiting(tx, ben, school.id, now=NOON)
    assert {case.id for case in waiting} == {removed["p1"].case_id, removed["p2"].case_id}
    for case in waiting:
        assert "It stands again after its removal" in map(str, case.reasons)


def test_a_moderator_works_on_while_a_comment_is_screened(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        case_id = put(tx, ben, school, "1", "moron")
    claimed: list[bool] = []

    class Meanwhile(Matcher):
        def find(self, said: str, enough: int | None = None) -> list[Find]:
            with database.begin() as tx:
                claimed.append(review.claim(tx, ben, case_id, now=NOON))
            return super().find(said, enough)

    watched = Rules((WordList("ours", "en", ("frog",)),), ())
    object.__setattr__(watched, "_matcher", Meanwhile([Term("ours", "frog", "frog")]))
    site = Site()
    site.write("p1", "you frog", NOON)
    with serving(site) as url:
        assert intake.pull(database, ben, "lms", lambda _: Adapter(url), watched, now=NOON) == 1
    assert claimed == [True, True]  # the text and the subject, each once


@pytest.mark.parametrize("table", ["comment_version", "comment_report", "intake_cursor"])
def test_every_row_says_whose_school_it_is(
    database: Database, school: School, ben: Actor, table: str
) -> None:
    site = Site()
    site.write("p1", "hello", NOON)
    with serving(site) as url:
        intake.pull(database, ben, "lms", lambda _: Adapter(url), now=NOON)
    with database.begin() as tx:
        kept = comments.known(tx, ben, "lms", ["p1"])["p1"]
        cases.report_comment(tx, ben, school.id, kept.id, reporter="x", reason="rude", now=NOON)
        rows = tx.execute(text(f"SELECT school_id FROM {table}")).scalars()
        assert list(rows) == [school.id]


def test_a_watched_word_in_the_subject_alone_opens_a_case(
    database: Database, school: School, ben: Actor
) -> None:
    site = Site()
    site.write("p1", "see above", NOON, subject="Joe is a moron")
    with serving(site) as url:
        intake.pull(database, ben, "lms", lambda _: Adapter(url), now=NOON)
    with database.read() as tx:
        (case,) = review.waiting(tx, ben, school.id, now=NOON)
    (flag,) = case.flags
    assert (flag.part, case.comment.subject[flag.start : flag.end]) == ("subject", "moron")


def test_an_answer_is_not_blamed_for_the_subject_that_it_repeats(
    database: Database, school: School, ben: Actor
) -> None:
    site = Site()
    site.write("p1", "see above", NOON, subject="Joe is a moron")
    site.write("p2", "stop it", NOON, subject="Re: Joe is a moron", parent="p1")
    site.write("p3", "no", NOON, subject="You idiot. Re: Joe is a moron", parent="p1")
    with serving(site) as url:
        intake.pull(database, ben, "lms", lambda _: Adapter(url), now=NOON)
    with database.read() as tx:
        waiting = review.waiting(tx, ben, school.id, now=NOON)
    found = {case.comment.external_id: [flag.term for flag in case.flags] for case in waiting}
    assert found == {"p1": ["moron"], "p3": ["idiot"]}
