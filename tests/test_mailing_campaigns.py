"""An announcement goes from draft to release, once, and only by those who may."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from mailing import campaigns, outbox, segments, suppression
from mailing.model import UNDO, MailingError, Totals
from mailing.segments import Segment
from store import roster
from store.access import Actor, Denied
from store.db import Connection, Database
from store.schools import School
from tests.conftest import NOON

SENDER = "Школа 14 <news@school.example>"
EVERYONE = Segment(everyone=True)


def person(tx: Connection, ana: Actor, school: School, name: str, **values: str) -> str:
    values = {"email": f"{name.lower()}@school.example", **values}
    return roster.save_person(
        tx,
        ana,
        school.id,
        name=name,
        source="test",
        now=NOON,
        **values,  # type: ignore[arg-type]
    )


def draft(tx: Connection, actor: Actor, school: School, segment: Segment = EVERYONE) -> str:
    return campaigns.draft(
        tx,
        actor,
        school.id,
        subject={"ru": "Класс переехал", "en": "The room has changed"},
        body={"ru": "Здравствуйте, {{ name }}!", "en": "Dear {{ name }}, see {{ room }}."},
        segment=segment,
        sender=SENDER,
        now=NOON,
    )


def test_a_segment_narrows_by_kind_and_adds_people(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina", role="student", language="en", group="7B")
        person(tx, ana, school, "Boris", role="student", language="", group="7B")
        person(tx, ana, school, "Clara", role="teacher", language="en", group="7B")
        dora = person(tx, ana, school, "Dora", role="guardian", group="9A")
    with database.read() as tx:

        def names(**values: tuple[str, ...]) -> list[str]:
            segment = Segment.from_json(Segment(**values).to_json())  # type: ignore[arg-type]
            return [p.name for p in segments.audience(tx, ana, school.id, segment).people]

        assert names(roles=("student",), groups=("7B",)) == ["Alina", "Boris"]
        assert names(roles=("student",), languages=("ru",)) == ["Boris"]
        assert names(roles=("teacher",), people=(dora,)) == ["Clara", "Dora"]
        assert names() == []


def test_those_left_out_are_named_with_the_reason(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        for name in ("Alina", "Boris", "Clara"):
            person(tx, ana, school, name)
        person(tx, ana, school, "Nomail", email="")
        suppression.add(tx, ana, school.id, "Boris@School.Example", now=NOON)
        suppression.add(tx, ana, school.id, "clara@school.example", topic="digest", now=NOON)
    with database.read() as tx:
        digest = segments.audience(tx, ana, school.id, EVERYONE, topic="digest")
        service = segments.audience(tx, ana, school.id, EVERYONE, topic="service")
    assert [p.name for p in digest.people] == ["Alina"]
    assert {p.name: str(why) for p, why in digest.left_out} == {
        "Boris": "Taken off the list by a coordinator.",
        "Clara": "Taken off the list by a coordinator.",
        "Nomail": "No address is known.",
    }
    assert [p.name for p in service.people] == ["Alina", "Boris", "Clara"]


def test_service_mail_never_goes_to_a_dead_address(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        suppression.add(
            tx, ana, school.id, "alina@school.example", reason=suppression.HARD_BOUNCE, now=NOON
        )
        found = segments.audience(tx, ana, school.id, EVERYONE, topic="service")
    assert found.people == []


def test_a_release_freezes_the_audience_and_acts_once(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina", language="en")
        person(tx, ana, school, "Nomail", email="")
        id_ = draft(tx, ana, school)
    with database.begin() as tx:
        assert campaigns.release(tx, ana, id_, now=NOON)
    with database.begin() as tx:
        assert not campaigns.release(tx, ana, id_, now=NOON)
        person(tx, ana, school, "Latecomer")
    with database.read() as tx:
        assert campaigns.totals(tx, ana, id_) == Totals(waiting=1, suppressed=1)
        campaign = campaigns.get(tx, ana, id_)
        listed = outbox.undelivered(tx, ana, id_)
    assert campaign.stage(NOON) == "undo"
    assert campaign.stage(NOON + UNDO) == "sending"
    assert [(u.name, u.state) for u in listed] == [("Alina", "waiting"), ("Nomail", "suppressed")]
    assert listed[0].next_at == NOON + UNDO


def test_a_released_announcement_cannot_be_changed(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        id_ = draft(tx, ana, school)
        campaigns.release(tx, ana, id_, now=NOON)
        with pytest.raises(MailingError, match="released"):
            campaigns.save(
                tx,
                ana,
                id_,
                subject={"en": "x"},
                body={"en": "y"},
                segment=EVERYONE,
                sender=SENDER,
                now=NOON,
            )


def test_a_release_can_be_undone_for_thirty_seconds(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        id_ = draft(tx, ana, school)
        campaigns.release(tx, ana, id_, now=NOON)
        assert campaigns.cancel(tx, ana, id_, now=NOON + timedelta(seconds=29))
        assert campaigns.get(tx, ana, id_).state == "draft"
        assert campaigns.totals(tx, ana, id_).audience == 0
        campaigns.release(tx, ana, id_, now=NOON)
        assert not campaigns.cancel(tx, ana, id_, now=NOON + timedelta(seconds=30))
        assert campaigns.totals(tx, ana, id_).waiting == 1


@pytest.mark.parametrize(
    ("body", "sentence"), [("", "empty"), ("Dear {{ name | upper }}", "not a field")]
)
def test_what_cannot_be_sent_is_refused_before_release(
    database: Database, school: School, ana: Actor, body: str, sentence: str
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        id_ = campaigns.draft(
            tx,
            ana,
            school.id,
            subject={"en": "x"},
            body={"en": body},
            segment=EVERYONE,
            sender=SENDER,
            now=NOON,
        )
    with database.begin() as tx, pytest.raises(MailingError, match=sentence):
        campaigns.release(tx, ana, id_, now=NOON)
    with database.read() as tx:
        assert campaigns.get(tx, ana, id_).state == "draft"


def test_a_preview_is_in_the_persons_language_and_lists_what_is_missing(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        english = person(tx, ana, school, "Alina", language="en")
        chinese = person(tx, ana, school, "Wei", language="zh_Hans")
        id_ = draft(tx, ana, school)
    with database.read() as tx:
        seen = campaigns.preview(tx, ana, id_, english)
        fallen_back = campaigns.preview(tx, ana, id_, chinese)
    assert seen.subject == "The room has changed"
    assert seen.missing == ["room"]
    assert "Dear Alina" in seen.text
    assert "Здравствуйте, Wei!" in fallen_back.html


def test_nobody_without_the_right_reaches_a_campaign(
    database: Database, school: School, ana: Actor, ben: Actor, eve: Actor, zoe: Actor
) -> None:
    with database.begin() as tx:
        alina = person(tx, ana, school, "Alina")
        id_ = draft(tx, ana, school)
        campaigns.release(tx, ana, id_, now=NOON)
    with database.begin() as tx:
        calls: list[Callable[[Actor], object]] = [
            lambda who: draft(tx, who, school),
            lambda who: campaigns.get(tx, who, id_),
            lambda who: campaigns.of(tx, who, school.id),
            lambda who: campaigns.totals(tx, who, id_),
            lambda who: campaigns.preview(tx, who, id_, alina),
            lambda who: campaigns.release(tx, who, id_, now=NOON),
            lambda who: campaigns.cancel(tx, who, id_, now=NOON),
            lambda who: campaigns.pause(tx, who, id_, now=NOON),
            lambda who: campaigns.resume(tx, who, id_, now=NOON),
            lambda who: campaigns.retry_failed(tx, who, id_, now=NOON),
            lambda who: campaigns.decide_held(tx, who, id_, resend=True, now=NOON),
            lambda who: outbox.undelivered(tx, who, id_),
            lambda who: outbox.received(tx, who, alina),
            lambda who: segments.audience(tx, who, school.id, EVERYONE),
            lambda who: suppression.of(tx, who, school.id),
            lambda who: suppression.add(tx, who, school.id, "a@b.example", now=NOON),
            lambda who: suppression.remove(tx, who, school.id, "a@b.example", now=NOON),
        ]
        for call in calls:
            for who in (eve, zoe):
                with pytest.raises(Denied):
                    call(who)
        with pytest.raises(Denied):
            campaigns.release(tx, ben, id_, now=NOON)
