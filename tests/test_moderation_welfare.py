"""Words of need reach a safeguarding lead, and no removal hides them."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from moderation import (
    actions,
    bulk,
    cases,
    comments,
    complaints,
    intake,
    judging,
    keeping,
    measures,
    previewing,
    review,
    rules,
    safeguarding,
    welfare,
    wordings,
)
from moderation.filters import Rules, screen
from moderation.model import ActionKind, Case, ModerationError, Stored, Subject, Welfare
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests.conftest import NOON
from tests.moderation_platform import Adapter, _comment, connect

POST = _comment({"id": "p1", "html": "", "author": "u1", "at": NOON.timestamp()})
STARTER = Rules.from_toml(rules.starter())
SPOKEN: list[tuple[str, Welfare]] = [
    ("I want to die", "self-harm"),
    ("i just w4nt to d1e", "self-harm"),
    ("Я хочу умереть", "self-harm"),
    ("не хочу жить больше", "self-harm"),
    ("我不想活了", "self-harm"),
    ("my father hits me when he drinks", "abuse"),
    ("отчим меня бьёт", "abuse"),
    ("我妈妈打我", "abuse"),
    ("send me nudes or else", "threat"),
    ("знаю, где ты живёшь", "threat"),
    ("我知道你住哪", "threat"),
    ("I don't want to live anymore", "self-harm"),
    ("лучше бы я не родилась", "self-harm"),
    ("мне надоело жить", "self-harm"),
    ("не хочу больше жить", "self-harm"),
    ("不想活", "self-harm"),
    ("死了算了", "self-harm"),
    ("he rapes me", "abuse"),
    ("My stepdad touches me", "abuse"),
    ("i'm scared of my father", "abuse"),
    ("отчим трогает меня", "abuse"),
    ("Отчим меня трогает по ночам", "abuse"),
    ("он меня насиловал", "abuse"),
    ("он бьёт меня ремнём", "abuse"),
    ("继父摸我", "abuse"),
    ("我爸天天打我", "abuse"),
    ("I'm gonna rape you", "threat"),
    ("send me your nudes", "threat"),
    ("знаю, где ты учишься", "threat"),
    ("разошлю твои фото всем", "threat"),
    ("杀了你", "threat"),
    ("带枪去学校", "threat"),
]
HARMLESS = [
    "I want to die laughing", "the hero wants to diet", "he beats me at chess", "Suicide Squad",
    "хочу умереть со смеху", "отец бьёт в набат", "не хочу жить в общежитии", "убью время",
    "我想死你了", "妈妈打我电话了", "自然", "她不敢说话",
    "I do not want to live in a dorm", "he rapped me a verse", "she beats me at chess",
    "he hits me up on chat", "he touched me on the shoulder", "gonna kill you in Minecraft",
    "don't tell your mom about the surprise", "I forgot to take all my pills",
    "your mom is going to kill you", "он меня трогает до слёз", "он меня бьёт в шахматы",
    "Есенин повесился в 1925 году", "устала жить в общежитии", "режу руками бумагу",
    "я тебя убью в игре", "не рассказывай родителям про сюрприз", "меня бьёт дрожь",
    "今天不想活动", "不想活成别人的样子", "我们想去死海旅游", "只想死记硬背", "生活得好累",
    "老师摸我的头", "爸爸打我的电话", "我怕回家太晚", "我不知道你住哪", "他侵犯我国领土",
    "游戏里杀了你三次", "困死了算了",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _connected(database: Database, school: School) -> None:
    with database.begin() as tx:
        connect(tx, school)


def take(tx: Connection, actor: Actor, school: School, said: str, id_: str = "p1") -> Stored:
    post = replace(POST, external_id=id_, text=said, html=said)
    kept = comments.get(tx, actor, wordings.merge(tx, actor, school.id, "lms", post, now=NOON).id)
    assert kept is not None
    judging.judge(tx, actor, rules.of(tx, actor, school.id), kept, now=NOON)
    return kept


def doubted(tx: Connection, actor: Actor, school: School) -> tuple[Case, str]:
    """An insult in the queue, and the alarm that a moderator raised about its author by hand."""
    take(tx, actor, school, "what an idiot")
    [case] = review.waiting(tx, actor, school.id, now=NOON)
    return case, welfare.by_hand(tx, actor, case.id, "abuse", now=NOON)


@pytest.mark.parametrize(("said", "kind"), SPOKEN)
def test_the_starter_lists_hear_it_in_three_languages(said: str, kind: Welfare) -> None:
    assert kind in {flag.welfare for flag in screen(STARTER, said)}


@pytest.mark.parametrize("said", HARMLESS)
def test_what_only_sounds_like_it_raises_nothing(said: str) -> None:
    assert not [flag for flag in screen(STARTER, said) if flag.welfare]


def test_a_cry_for_help_raises_an_alarm_with_its_evidence_and_no_case(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        kept = take(tx, ben, school, "nobody cares, I want to die")
        assert review.count(tx, ben, school.id)[0] == 0
        [alarm] = welfare.open_(tx, ana, school.id)
        assert (alarm.kind, alarm.said) == ("self-harm", kept.text)
        assert [flag.term for flag in alarm.flags] == ["want to die"]
        take(tx, ben, school, "nobody cares, I want to die")
        assert len(welfare.open_(tx, ana, school.id)) == 1


def test_a_threat_raises_an_alarm_and_waits_in_the_queue_too_and_may_be_removed_at_once(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        take(tx, ben, school, "I know where you live, idiot")
        [case] = review.waiting(tx, ben, school.id, now=NOON)
        assert "a welfare alarm is open" in str(case.reasons[0])
        review.decide(tx, ben, case.id, "remove", now=NOON)
        assert [alarm.kind for alarm in welfare.open_(tx, ana, school.id)] == ["threat"]


def test_a_cry_for_help_is_not_removed_before_a_lead_has_it(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        take(tx, ben, school, "you idiot, I want to die")
        [case] = review.waiting(tx, ben, school.id, now=NOON)
        with pytest.raises(ModerationError, match="cry for help"):
            review.decide(tx, ben, case.id, "remove", now=NOON)
        [alarm] = welfare.open_(tx, ana, school.id)
        with pytest.raises(ModerationError, match="Say in a sentence"):
            welfare.acknowledge(tx, ana, alarm.id, " ", now=NOON)
        assert welfare.acknowledge(tx, ana, alarm.id, "called the parents", now=NOON)
        assert not welfare.acknowledge(tx, ana, alarm.id, "me too", now=NOON)
        assert review.decide(tx, ben, case.id, "remove", now=NOON).action_id
        [late] = welfare.lately(tx, ana, school.id)
        assert (late.acknowledged_by, late.outcome) == ("ana", "called the parents")


@pytest.mark.parametrize(("kind", "wording"), [("remove comment", None), ("edit comment", "…")])
def test_no_other_way_removes_a_cry_for_help(
    database: Database, school: School, ben: Actor, ana: Actor, kind: ActionKind, wording: str
) -> None:
    with database.begin() as tx:
        take(tx, ben, school, "I want to die")
        asked = partial(
            actions.request, tx, ben, kind, school_id=school.id, connection_id="lms",
            external_id="p1", wording=wording, now=NOON,
        )  # fmt: skip
        with pytest.raises(ModerationError, match="cry for help"):
            asked()
        [alarm] = welfare.open_(tx, ana, school.id)
        welfare.acknowledge(tx, ana, alarm.id, "called the parents", now=NOON)
        assert asked()


def test_alarms_are_the_lead_s_where_one_is_named_else_the_coordinator_s(
    database: Database, school: School, ben: Actor, ana: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        take(tx, ben, school, "I want to die")
        with pytest.raises(ModerationError, match="safeguarding lead"):
            welfare.open_(tx, ben, school.id)
        assert len(welfare.open_(tx, ana, school.id)) == 1
        safeguarding.set_leads(tx, ada, school.id, ["ben"], now=NOON)
        assert len(welfare.open_(tx, ana, school.id)) == 1  # there is no such account
        tx.execute(
            text("""
                INSERT INTO account (id, name, role, every_school, password_hash, disabled,
                    created_at) VALUES ('ben', 'ben', 'moderator', TRUE, '', FALSE, 0)
            """)
        )
        assert len(welfare.open_(tx, ben, school.id)) == 1
        with pytest.raises(ModerationError, match="safeguarding lead"):
            welfare.open_(tx, ana, school.id)
        for gone in ("disabled = TRUE", "disabled = FALSE, role = 'viewer'"):
            tx.execute(text(f"UPDATE account SET {gone}"))
            assert len(welfare.open_(tx, ana, school.id)) == 1


def test_a_moderator_raises_what_no_list_heard_and_the_lead_sends_on_what_needs_judging(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        case, alarm = doubted(tx, ben, school)
        assert welfare.by_hand(tx, ben, case.id, "abuse", now=NOON) == alarm
        welfare.acknowledge(tx, ana, alarm, "called home", now=NOON)
        assert welfare.open_(tx, ana, school.id) == []
        assert welfare.by_hand(tx, ben, case.id, "abuse", now=NOON) == alarm
        [again] = welfare.open_(tx, ana, school.id)
        assert (again.id, again.outcome) == (alarm, "called home")
        take(tx, ben, school, "I want to die", "p2")
        second = welfare.open_(tx, ana, school.id)[-1]
        sent = {welfare.to_queue(tx, ana, each.id, now=NOON) for each in (second,)}
        assert sent <= {each.id for each in review.waiting(tx, ben, school.id, now=NOON)}


def test_two_hundred_insults_do_not_hide_a_cry_for_help() -> None:
    flags = screen(STARTER, "idiot " * 300 + "I want to die")
    assert "self-harm" in {flag.welfare for flag in flags}


def test_evidence_of_an_open_alarm_is_never_let_go(
    database: Database, school: School, ben: Actor, ana: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        take(tx, ben, school, "I want to die")
        year = NOON.replace(year=NOON.year + 2)
        assert keeping.forget(tx, ada, school.id, before=year, now=year) == 0
        with pytest.raises(ModerationError):
            keeping.erase(tx, ada, school.id, [("lms", "u1")], now=year)
        [alarm] = welfare.open_(tx, ana, school.id)
        welfare.acknowledge(tx, ana, alarm.id, "called the parents", now=NOON)
        assert keeping.forget(tx, ada, school.id, before=year, now=year) == 1
        [late] = welfare.lately(tx, ana, school.id)
        assert (late.outcome, late.said) == ("called the parents", "")


def test_a_cry_for_help_beside_an_insult_is_due_before_insults_and_says_so(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        take(tx, ben, school, "what an idiot", "p1")
        take(tx, ben, school, "you idiot, I want to die", "p2")
        cry = take(tx, ben, school, "I want to die", "p3")
        cases.report_comment(tx, ben, school.id, cry.id, reporter="x", reason="!", now=NOON)
        found = review.waiting(tx, ben, school.id, now=NOON)
        assert [case.comment.external_id for case in found][-1] == "p1"
        assert [str(case.reasons[0]).startswith("Somebody may need help") for case in found] == [
            True, True, False,
        ]  # fmt: skip


def test_nobody_is_punished_whose_cry_for_help_no_lead_has_answered(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    joe = Subject(None, "lms", "u1")
    with database.begin() as tx:
        take(tx, ben, school, "I want to die")
        with pytest.raises(ModerationError, match="safeguarding lead answers it first"):
            measures.impose(tx, ben, school.id, joe, "warning", now=NOON)
        [alarm] = welfare.open_(tx, ana, school.id)
        welfare.acknowledge(tx, ana, alarm.id, "called the parents", now=NOON)
        assert measures.impose(tx, ben, school.id, joe, "warning", now=NOON).kind == "warning"


def test_an_account_left_out_still_cries_for_help(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        connect(tx, school, "chat")
        tx.execute(
            text("""
                INSERT INTO person (id, school_id, name, email, role, language, level, grp, fields,
                                    source, updated_at)
                VALUES ('joe', :school, 'Joe', '', 'student', '', '', '', '{}', '', :now)
            """),
            {"school": school.id, "now": NOON},
        )
        for place in ("lms", "chat"):
            tx.execute(
                text("""
                    INSERT INTO platform_account (id, school_id, connection_id, external_id,
                        person_id, username, name, suspended, gone, updated_at)
                    VALUES (:place, :school, :place, 'u1', 'joe', 'joe', 'Joe', FALSE, FALSE, :now)
                """),
                {"school": school.id, "place": place, "now": NOON},
            )
        take(tx, ben, school, "I want to die")
        block = partial(
            measures.impose, tx, ben, school.id, Subject("joe"), "block",
            leave_out=frozenset({("lms", "u1")}), now=NOON,
        )  # fmt: skip
        with pytest.raises(ModerationError, match="safeguarding lead answers it first"):
            block()
        [alarm] = welfare.open_(tx, ana, school.id)
        welfare.acknowledge(tx, ana, alarm.id, "called the parents", now=NOON)
        assert block().kind == "block"


def test_a_lead_sends_a_decided_comment_into_the_queue_again_but_not_a_removed_one(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        case, alarm = doubted(tx, ben, school)
        review.decide(tx, ben, case.id, "approve", now=NOON)
        assert welfare.to_queue(tx, ana, alarm, now=NOON) == case.id
        assert [each.id for each in review.waiting(tx, ben, school.id, now=NOON)] == [case.id]
        tx.execute(text("UPDATE comment SET removed = TRUE"))
        assert welfare.to_queue(tx, ana, alarm, now=NOON) is None


def test_cries_for_help_are_left_out_of_a_decision_on_many_before_it_is_made(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        take(tx, ben, school, "you idiot, I want to die", "p1")
        take(tx, ben, school, "you idiot and fool", "p2")
        found = review.waiting(tx, ben, school.id, now=NOON)
        told = {calls.case_ids: calls.left_out for calls in previewing.of(
            tx, ben, school.id, found, "remove",
        )}  # fmt: skip
        assert sorted(told.values()) == [False, True]
        made = bulk.decide(tx, ben, school.id, bulk.as_read(found), "remove", now=NOON)
        assert (made.left_out,) == tuple(ids for ids, out in told.items() if out)
        assert made.missed == ()


def test_one_reporter_opens_a_decided_case_again_only_for_other_words(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        post = take(tx, ben, school, "lovely weather")

        def say(reason: str, who: str = "x", at: datetime = NOON) -> int:
            cases.report_comment(tx, ben, school.id, post.id, reporter=who, reason=reason, now=at)
            found = review.waiting(tx, ben, school.id, now=at)
            for case in found:
                review.decide(tx, ben, case.id, "approve", now=at)
            return len(found)

        assert [say("rude"), say("rude"), say("very rude")] == [1, 0, 0]
        assert [reason for _, reason in complaints.reasons(tx, ben, post.id)] == [
            "rude · very rude"
        ]
        assert say("rude", "somebody else") == 1
        changed = replace(POST, external_id="p1", text="ugly weather", html="ugly weather")
        wordings.merge(tx, ben, school.id, "lms", changed, now=NOON + timedelta(minutes=1))
        assert say("rude", at=NOON + timedelta(minutes=2)) == 1


def test_a_cry_that_was_taken_back_before_it_came_raises_the_alarm_in_its_own_words(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    watched = Rules.from_toml(rules.starter())
    first = replace(POST, text="I want to die", html="I want to die", revised_at=NOON)
    later = replace(
        POST, text="never mind", html="never mind", revised_at=NOON + timedelta(hours=1)
    )
    for post in (later, first, first):
        intake.take(
            database, ben, "lms", Adapter("http://127.0.0.1:9"), [post], watched,
            also=lambda _: True, now=NOON,
        )  # fmt: skip
    with database.begin() as tx:
        [alarm] = welfare.open_(tx, ana, school.id)
        assert (alarm.said, alarm.reworded) == ("I want to die", True)
        assert comments.known(tx, ben, "lms", ["p1"])["p1"].text == "never mind"
        assert review.waiting(tx, ben, school.id, now=NOON) == []
