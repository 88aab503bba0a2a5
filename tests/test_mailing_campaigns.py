"""An announcement goes from draft to release, once, and only by those who may."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from mailing import approving, campaigns, reached, releasing, saved, segments, suppression
from mailing.model import UNDO, MailingError, Totals
from mailing.segments import Segment
from mailing.timing import Terms
from store import guardians, roster
from store.access import Actor, Denied
from store.db import Connection, Database, text
from store.schools import School
from tests.conftest import NOON
from tests.moderation_platform import connect

SENDER = "Школа 14 <news@school.example>"
EVERYONE = Segment(everyone=True)


def person(tx: Connection, ana: Actor, school: School, name: str, **values: Any) -> str:
    values = {"email": f"{name.lower()}@school.example", **values}
    return roster.save_person(
        tx,
        ana,
        school.id,
        name=name,
        source="test",
        now=NOON,
        **values,
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


def agree(tx: Connection, actor: Actor, campaign_id: str, *, terms: Terms, now: datetime) -> bool:
    """As a second person does who has just read what waits for her."""
    shown = campaigns.get(tx, actor, campaign_id).asked_digest
    return approving.approve(tx, actor, campaign_id, shown, terms=terms, now=now)


def test_a_segment_narrows_by_kind_and_adds_people(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina", role="student", language="en", group="7B")
        person(tx, ana, school, "Boris", role="student", language="", group="7B")
        person(tx, ana, school, "Clara", role="teacher", language="en", group="7B")
        dora = person(tx, ana, school, "Dora", role="guardian", group="9A")
    with database.read() as tx:

        def names(**values: Any) -> list[str]:
            segment = Segment.from_json(Segment(**values).to_json())
            return [p.name for p in segments.audience(tx, ana, school.id, segment, now=NOON).people]

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
        digest = segments.audience(tx, ana, school.id, EVERYONE, topic="digest", now=NOON)
        service = segments.audience(tx, ana, school.id, EVERYONE, topic="service", now=NOON)
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
        found = segments.audience(tx, ana, school.id, EVERYONE, topic="service", now=NOON)
    assert found.people == []


def test_a_release_freezes_the_audience_and_acts_once(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina", language="en")
        person(tx, ana, school, "Nomail", email="")
        id_ = draft(tx, ana, school)
    with database.begin() as tx:
        assert releasing.release(tx, ana, id_, anyway="A trial", now=NOON)
    with database.begin() as tx:
        assert not releasing.release(tx, ana, id_, now=NOON)
        person(tx, ana, school, "Latecomer")
    with database.read() as tx:
        assert campaigns.totals(tx, ana, id_) == Totals(waiting=1, suppressed=1)
        campaign = campaigns.get(tx, ana, id_)
        listed = reached.undelivered(tx, ana, id_)
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
        releasing.release(tx, ana, id_, now=NOON)
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
        releasing.release(tx, ana, id_, now=NOON)
        assert releasing.cancel(tx, ana, id_, now=NOON + timedelta(seconds=29))
        assert campaigns.get(tx, ana, id_).state == "draft"
        assert campaigns.totals(tx, ana, id_).audience == 0
        releasing.release(tx, ana, id_, now=NOON)
        assert not releasing.cancel(tx, ana, id_, now=NOON + timedelta(seconds=30))
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
        releasing.release(tx, ana, id_, now=NOON)
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
        releasing.release(tx, ana, id_, now=NOON)
    with database.begin() as tx:
        calls: list[Callable[[Actor], object]] = [
            lambda who: draft(tx, who, school),
            lambda who: campaigns.get(tx, who, id_),
            lambda who: campaigns.of(tx, who, school.id),
            lambda who: campaigns.totals(tx, who, id_),
            lambda who: campaigns.preview(tx, who, id_, alina),
            lambda who: releasing.release(tx, who, id_, now=NOON),
            lambda who: releasing.cancel(tx, who, id_, now=NOON),
            lambda who: releasing.pause(tx, who, id_, now=NOON),
            lambda who: releasing.resume(tx, who, id_, now=NOON),
            lambda who: releasing.retry_failed(tx, who, id_, now=NOON),
            lambda who: releasing.decide_held(tx, who, id_, resend=True, now=NOON),
            lambda who: reached.undelivered(tx, who, id_),
            lambda who: reached.received(tx, who, alina),
            lambda who: segments.audience(tx, who, school.id, EVERYONE, now=NOON),
            lambda who: suppression.of(tx, who, school.id),
            lambda who: suppression.add(tx, who, school.id, "a@b.example", now=NOON),
            lambda who: suppression.remove(tx, who, school.id, "a@b.example", now=NOON),
        ]
        for call in calls:
            for who in (eve, zoe):
                with pytest.raises(Denied):
                    call(who)
        with pytest.raises(Denied):
            releasing.release(tx, ben, id_, now=NOON)


def test_a_segment_asks_what_people_got_and_when_they_came(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        ids = {name: person(tx, ana, school, name) for name in ("Alina", "Boris", "Clara")}
        suppression.add(tx, ana, school.id, "boris@school.example", now=NOON)
        connect(tx, school)
        for name, days in (("Alina", 3), ("Boris", 40)):
            tx.execute(
                text("""
                    INSERT INTO platform_account (id, school_id, connection_id, external_id,
                        person_id, username, name, suspended, last_seen_at, gone, updated_at)
                    VALUES (:person, :school, 'lms', :person, :person, '', '', FALSE, :seen, FALSE,
                            :now)
                """),
                {
                    "person": ids[name],
                    "school": school.id,
                    "seen": NOON - timedelta(days=days),
                    "now": NOON,
                },
            )
        campaign = draft(tx, ana, school, Segment(people=(ids["Alina"], ids["Boris"])))
        releasing.release(tx, ana, campaign, now=NOON)
        tx.execute(text("UPDATE delivery SET state = 'sent' WHERE state = 'due'"))

        def names(segment: Segment) -> list[str]:
            segment = Segment.from_json(segment.to_json())
            found = segments.audience(tx, ana, school.id, segment, now=NOON)
            return [one.name for one in found.people] + [one.name for one, _ in found.left_out]

        assert names(Segment(got=(campaign,))) == ["Alina"]
        assert names(Segment(missed=(campaign,))) == ["Boris"]
        assert names(Segment(unseen_days=7)) == ["Clara", "Boris"]
        assert names(Segment(unseen_days=60)) == ["Clara"]


def test_guardians_get_it_too_or_instead(database: Database, school: School, ana: Actor) -> None:
    with database.begin() as tx:
        child = person(tx, ana, school, "Alina")
        parent = person(tx, ana, school, "Vera")
        person(tx, ana, school, "Zoya")
        unknown = guardians.add(
            tx, ana, school.id, parent, ["alina@school.example", "nobody@school.example"]
        )
        assert unknown == ["nobody@school.example"]

        def names(segment: Segment) -> list[str]:
            found = segments.audience(tx, ana, school.id, segment, now=NOON)
            return [one.name for one in found.people]

        assert names(Segment(people=(child,), guardians="too")) == ["Alina", "Vera"]
        assert names(Segment(people=(child,), guardians="instead")) == ["Vera"]
        assert names(Segment(people=(child, parent), guardians="too")) == ["Alina", "Vera"]


def test_a_group_keeps_its_name_and_its_rule(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        first = saved.save(
            tx, ana, school.id, " Parents  of 7B ", Segment(groups=("7B",)), now=NOON
        )
        rule = Segment(groups=("7B",), guardians="instead")
        assert saved.save(tx, ana, school.id, "Parents of 7B", rule, now=NOON) == first
        (kept,) = saved.of(tx, ana, school.id)
        assert (kept.id, kept.name, kept.segment) == (first, "Parents of 7B", rule)
        with pytest.raises(MailingError, match="Give the group a name"):
            saved.save(tx, ana, school.id, "  ", rule, now=NOON)
        saved.delete(tx, ana, first, now=NOON)
        assert saved.of(tx, ana, school.id) == []
