"""Floods, repeats, newcomers' links: queued and never more; what was approved for good stays so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from moderation import (
    bulk,
    comments,
    history,
    judging,
    likeness,
    previewing,
    repeats,
    review,
    signals,
    wordings,
)
from moderation.filters import Rules, RulesError
from moderation.model import Case
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests.conftest import NOON
from tests.moderation_platform import _comment, connect

POST = _comment({"id": "p1", "html": "", "author": "u1", "at": NOON.timestamp()})
WATCHED = Rules.from_toml("""
[flood]
comments = 5
minutes = 1
[repeats]
times = 3
minutes = 30
[newcomers]
days = 3
[[list]]
name = "ours"
terms = ["frog"]
""")
PLAIN = Rules.from_toml('[[list]]\nname = "ours"\nterms = ["frog"]')
ADVERT = "Answers to every exam, cheap and quick, write to me number {n}"


@pytest.fixture(autouse=True)
def _connected(database: Database, school: School) -> None:
    with database.begin() as tx:
        connect(tx, school)


def say(
    tx: Connection,
    actor: Actor,
    school: School,
    id_: str,
    said: str,
    *,
    author: str = "u1",
    late: timedelta = timedelta(0),
    watched: Rules = WATCHED,
) -> str | None:
    post = replace(
        POST, external_id=id_, text=said, html=said, author_external_id=author,
        written_at=NOON + late,
    )  # fmt: skip
    merged = wordings.merge(tx, actor, school.id, "lms", post, now=NOON)
    kept = comments.get(tx, actor, merged.id)
    assert kept is not None
    return judging.judge(tx, actor, watched, kept, now=NOON)


def reasons(tx: Connection, actor: Actor, case_id: str | None) -> list[str]:
    case = review.case(tx, actor, case_id or "")
    return [str(reason) for reason in case.reasons] if case else []


def test_a_flood_is_queued_and_a_lively_talk_is_not(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        for number in range(4):
            assert say(tx, ben, school, f"a{number}", f"yes {number}") is None
            assert say(tx, ben, school, f"b{number}", f"no {number}", author="u2") is None
        flood = say(tx, ben, school, "a9", "and on")
        assert reasons(tx, ben, flood) == ["A flood: 5 comments within minutes"]
        later = timedelta(minutes=2)
        assert say(tx, ben, school, "a10", "well", late=later) is None


def test_the_same_advert_with_small_changes_is_found_across_accounts(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        for number in range(2):
            said = ADVERT.format(n=number)
            assert say(tx, ben, school, f"p{number}", said, author=f"u{number}") is None
        third = say(tx, ben, school, "p3", ADVERT.format(n=3).upper(), author="u9")
        assert reasons(tx, ben, third) == ["The same text 3 times"]
        for number in range(5):
            assert say(tx, ben, school, f"t{number}", "thank you!", author=f"v{number}") is None


def test_only_the_head_of_huge_texts_is_compared(
    database: Database, school: School, ben: Actor
) -> None:
    head = "".join(f"{number} and then " for number in range(400))[: signals.HEAD]
    with database.begin() as tx:
        found = [
            say(tx, ben, school, f"p{tail}", head + tail * 4000, author=tail) for tail in "xyz"
        ]
        assert reasons(tx, ben, found[2]) == ["The same text 3 times"]
        review.decide(tx, ben, found[2] or "", "approve", now=NOON)
        other = say(tx, ben, school, "q", "frog " + head[:-5] + "!" * 4000, late=timedelta(hours=1))
        (past,) = review.similar(tx, ben, other or "")
        assert past.case_id == found[2]
        assert len(past.text) == signals.HEAD


def test_a_newcomer_s_link_is_queued_an_old_hand_s_is_not(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        new = say(tx, ben, school, "1", "look at https://cheap.example/exam now")
        assert reasons(tx, ben, new) == ["A link from an account that is new"]
        assert say(tx, ben, school, "2", "hello all", author="u2") is None
        old = say(tx, ben, school, "3", "see t.me/answers", author="u2", late=timedelta(days=4))
        assert old is None


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ("see https://evil.example/x", "evil.example"),
        ("see WWW.Evil.example", "evil.example"),
        ("пиши на ответы.рф/егэ", "ответы.рф"),
        ("https://school.example@evil.example/", "evil.example"),
        ("see https://school.example.evil.example/", "school.example.evil.example"),
        ("see https://notschool.example/", "notschool.example"),
    ],
)
def test_only_links_to_other_hosts_are_queued(
    database: Database, school: School, ben: Actor, said: str, host: str
) -> None:
    watched = Rules.from_toml('[links]\nallowed = ["school.example"]')
    with database.begin() as tx:
        found = say(tx, ben, school, "1", said, watched=watched)
        assert reasons(tx, ben, found) == [f"A link to {host}"]
        fine = "https://lms.school.example/mod and school.example, e.g. chapter 1.ru.pdf"
        assert say(tx, ben, school, "2", fine, watched=watched) is None


@pytest.mark.parametrize(
    "written",
    [
        "[flood]\ncomments = 0\nminutes = 1", "[flood]\ncomments = 3", "[repeats]\ntimes = true",
        "[newcomers]\nhours = 3", "[links]\nallowed = 3", "flood = 3",
        '[[list]]\nname = "x"\nterms = ["a"]\nwelfare = "fire"',
    ],
)  # fmt: skip
def test_rules_that_cannot_be_meant_are_refused(written: str) -> None:
    with pytest.raises(RulesError):
        Rules.from_toml(written)


def test_what_was_approved_for_good_is_approved_again_for_that_author_alone(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        first = say(tx, ben, school, "1", "the Frog prince", watched=PLAIN)
        assert first
        review.decide(tx, ben, first, "approve", mute_repeats=True, now=NOON)
        again = say(tx, ben, school, "2", "the  frog PRINCE", watched=PLAIN)
        case = review.case(tx, ben, again or "")
        assert case is not None
        assert case.state == "decided"
        other = say(tx, ben, school, "3", "the frog prince", author="u2", watched=PLAIN)
        assert [each.id for each in review.waiting(tx, ben, school.id, now=NOON)] == [other]


def test_a_report_asks_a_person_whatever_was_approved_for_good(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        first = say(tx, ben, school, "1", "the frog prince", watched=PLAIN)
        assert first
        review.decide(tx, ben, first, "approve", mute_repeats=True, now=NOON)
        again = review.case(
            tx, ben, say(tx, ben, school, "2", "the frog prince", watched=PLAIN) or ""
        )
        assert again is not None
        review.report_comment(
            tx, ben, school.id, again.comment.id, reporter="x", reason="rude", now=NOON
        )
        assert len(review.waiting(tx, ben, school.id, now=NOON)) == 1
        review.decide(tx, ben, again.id, "remove", now=NOON)
        assert not repeats.muted(tx, again.comment)


def test_what_the_author_wrote_before_stands_beside_with_what_was_decided(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        first = say(tx, ben, school, "1", "a frog", watched=PLAIN)
        assert first
        review.decide(tx, ben, first, "remove", now=NOON)
        say(tx, ben, school, "2", "hello", late=timedelta(minutes=1), watched=PLAIN)
        say(tx, ben, school, "3", "not mine", author="u2", watched=PLAIN)
        last = say(tx, ben, school, "4", "one more frog", late=timedelta(minutes=2), watched=PLAIN)
        case = review.case(tx, ben, last or "")
        assert case is not None
        found = history.wrote(tx, ben, case.comment)
        assert [(each.text, each.decision) for each in found] == [
            ("hello", ""),
            ("a frog", "remove"),
        ]


def held(tx: Connection, actor: Actor, school: School) -> list[Case]:
    return review.waiting(tx, actor, school.id, now=NOON)


def test_the_calls_of_a_decision_on_many_are_told_by_platform_and_what_cannot_be_is_left_out(
    database: Database, school: School, ben: Actor
) -> None:
    places = {"lms": "moodle", "chat": "matrix", "talk": "ejabberd"}
    with database.begin() as tx:
        for place, platform in places.items():
            if place != "lms":
                connect(tx, school, place, platform)
            post = replace(POST, external_id=place, text="a frog", html="a frog")
            kept = comments.get(
                tx, ben, wordings.merge(tx, ben, school.id, place, post, now=NOON).id
            )
            assert kept is not None
            judging.judge(tx, ben, PLAIN, kept, now=NOON)
        tx.execute(
            text("UPDATE connection SET options = :options WHERE id = 'chat'"),
            {"options": '{"rooms": "!a:b"}'},
        )
        waiting = held(tx, ben, school)
        found = {each.connection: each for each in previewing.of(
            tx, ben, school.id, waiting, "remove"
        )}  # fmt: skip
        assert found["LMS"].undoable
        assert not found["CHAT"].undoable
        assert "second person" in str(found["CHAT"].why)
        assert "words go for everybody" in str(found["CHAT"].by)
        assert found["TALK"].left_out
        made = bulk.decide(tx, ben, school.id, bulk.as_read(waiting), "remove", now=NOON)
        assert len(made.decided) == 2
        assert made.left_out == found["TALK"].case_ids
        [left] = held(tx, ben, school)
        assert left.comment.connection_id == "talk"


def test_like_cases_are_decided_in_one_go_but_for_those_that_changed_or_are_held(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        for number in range(4):
            say(tx, ben, school, f"{number}", "a frog", author=f"u{number}", watched=PLAIN)
        say(tx, ben, school, "x", "another frog", author="stranger", watched=PLAIN)
        waiting = held(tx, ben, school)
        chosen = bulk.as_read(waiting)
        review.claim(tx, ana, waiting[1].id, now=NOON)
        say(tx, ben, school, waiting[2].comment.external_id, "a frog, a frog", watched=PLAIN,
            author=waiting[2].comment.author_external_id)  # fmt: skip
        made = bulk.decide(tx, ben, school.id, chosen, "remove", rule="Advertising", now=NOON)
        assert len(made.decided) == len(made.action_ids) == 3
        assert set(made.missed) == {waiting[1].id, waiting[2].id}
        again = bulk.decide(tx, ben, school.id, chosen, "approve", now=NOON)
        assert again.decided == ()


def test_all_that_wait_with_the_same_words_are_found_however_many_there_are(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        for number in range(130):
            said = "A  ﬀrog" if number % 2 else "a ffrog\u200b"
            say(tx, ben, school, f"{number}", f"{said}, frog", author=f"u{number}", watched=PLAIN)
        say(tx, ben, school, "own", "and more frogs: frog", author="u0", watched=PLAIN)
        say(tx, ben, school, "else", "no frog at all", author="stranger", watched=PLAIN)
        waiting = review.waiting(tx, ben, school.id, now=NOON, limit=200)
        case = next(one for one in waiting if one.comment.external_id == "0")
        alike = bulk.alike(tx, ben, case, now=NOON)
        assert (alike.same_words, alike.same_author, alike.count) == (129, 1, 130)
        assert len(alike.cases) == bulk.MOST - 1
        assert {one.comment.external_id for one in alike.cases} <= {str(n) for n in range(130)}
        chosen = bulk.as_read([case, *alike.cases])
        made = bulk.decide(tx, ben, school.id, chosen, "approve", now=NOON)
        assert len(made.decided) == bulk.MOST
        assert bulk.alike(tx, ben, case, now=NOON).count == 31


def copy(tx: Connection, case: Case, number: int, *, words: str, author: str) -> None:
    """Another that waits like this one, `number` more due than the first."""
    tx.execute(
        text("""
            INSERT INTO comment (id, school_id, connection_id, external_id, thread_id,
                course_external_id, author_external_id, author_name, place, subject, text, html,
                attachments, sha256, parent_id, has_replies, removed, written_at, seen_at)
            SELECT :id, school_id, connection_id, :id, thread_id, course_external_id, :author,
                author_name, place, subject, text, html, attachments, sha256, parent_id,
                has_replies, removed, written_at, seen_at
            FROM comment WHERE id = :like
        """),
        {"id": f"copy{number}", "like": case.comment.id, "author": author},
    )
    tx.execute(
        text("""
            INSERT INTO cases (id, school_id, comment_id, state, flags, reports, reach, weight,
                rank, version, created_at, words, author)
            SELECT :id, school_id, :id, state, flags, reports, reach, weight, rank + :number,
                version, created_at, :words, :author
            FROM cases WHERE id = :like
        """),
        {
            "id": f"copy{number}",
            "like": case.id,
            "number": number,
            "words": words,
            "author": f"lms/{author}",
        },
    )


def test_a_wave_is_counted_no_further_than_anybody_needs_the_most_due_first(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        say(tx, ben, school, "0", "a frog", watched=PLAIN)
        [case] = held(tx, ben, school)
        kept = tx.execute(text("SELECT words FROM cases")).one()
        for number in range(review.MOST_COUNTED):
            copy(tx, case, number, words=kept.words, author=f"u{number % 7}")
        alike = bulk.alike(tx, ben, case, now=NOON)
        assert (alike.same_words, alike.same_author) == (review.MOST_COUNTED, 0)
        assert not alike.more
        for number in range(review.MOST_COUNTED, review.MOST_COUNTED + 50):
            copy(tx, case, number, words=kept.words, author="u1")
        for number in range(3000, 4600):  # on both sides of its words, more than is counted
            copy(tx, case, number, words=f"{'0' if number % 2 else 'f' * 64}{number}", author="u1")
        alike = bulk.alike(tx, ben, case, now=NOON)
        assert alike.more
        assert (alike.same_words, alike.same_author) == (review.MOST_COUNTED + 1,) * 2
        newest = [f"copy{number}" for number in range(review.MOST_COUNTED + 49, 0, -1)]
        assert [each.id for each in alike.cases] == newest[: bulk.MOST - 1]


def test_cases_from_before_there_were_digests_are_read_at_the_next_pull(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        for number in range(3):
            say(tx, ben, school, f"{number}", "a frog", author=f"u{number}", watched=PLAIN)
        tx.execute(text("UPDATE cases SET words = ''"))
        first = held(tx, ben, school)[0]
        assert bulk.alike(tx, ben, first, now=NOON).same_words == 0
        assert likeness.fill(tx, ben, school.id) == 3
        assert bulk.alike(tx, ben, first, now=NOON).same_words == 2
        assert likeness.fill(tx, ben, school.id) == 0
