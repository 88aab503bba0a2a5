"""The mail screens on a stage: what is typed is kept, said back, and only then goes to people."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from typing import cast

import pytest
from streamlit.testing.v1 import AppTest

from console.desk import figure_sheets, restoring
from console.desk.adapters import Adapters
from console.sections import Mail, Public
from console.views import (
    composer_preview,
    composer_send,
    delivery,
    delivery_acts,
    delivery_follow,
    delivery_lesson,
    missed_away,
    person_timeline,
    segment_picker,
    segment_words,
    taking_away,
    writing,
)
from console.wiring import Console
from mailing import (
    attachments,
    campaigns,
    following,
    inviting,
    reached,
    releasing,
    replies,
    suppression,
)
from mailing import letters as mail_letters
from mailing.attachments import Room
from mailing.model import Campaign, MailingError
from mailing.segments import Segment
from mailing.timing import Terms
from store import access, planning, roster
from store.access import Actor
from store.db import Connection, Database, text
from store.planning import PlannedLesson
from store.roster import Person
from store.schools import School
from store.words import Words
from tests import stage
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.stage import dialog, letters, press, said, screen
from tests.test_desk_notices import lesson
from tests.test_platforms_traps import media, signed
from tests.wire import serving

MARKUP = "Dear {{ name }}, <script>alert(1)</script> ![x](http://evil.test/x.png)"


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database, sender="School 14 <news@school14.test>")


@pytest.fixture
def readers(console: Console, school: School) -> list[str]:
    """Alina reads Russian, Ben English; Cid's address is dead. Their ids."""
    with console.db.begin() as tx:
        ids = [
            person(tx, school, name, language)
            for name, language in (("Alina", "ru"), ("Ben", "en"), ("Cid", "en"))
        ]
        suppression.add(
            tx,
            access.system(school.id),
            school.id,
            "cid@school.test",
            reason=suppression.HARD_BOUNCE,
            now=NOON,
        )
    return ids


def person(tx: Connection, school: School, name: str, language: str) -> str:
    return roster.save_person(
        tx,
        access.system(school.id),
        school.id,
        name=name,
        email=f"{name.lower()}@school.test",
        language=language,
        source="test",
        now=NOON,
    )


def people_of(console: Console, actor: Actor, school: School) -> list[Person]:
    with console.db.read() as tx:
        return roster.people(tx, actor, school.id)


def drafted(console: Console, actor: Actor, school: School, **body: str) -> str:
    return writing.to_segment(
        console,
        actor,
        school,
        Segment(everyone=True),
        subject=dict.fromkeys(body, "Room moved"),
        body=body,
    )


def kept(console: Console, actor: Actor, campaign_id: str) -> Campaign:
    with console.db.read() as tx:
        return campaigns.get(tx, actor, campaign_id)


def released(console: Console, actor: Actor, school: School) -> str:
    campaign_id = drafted(console, actor, school, en="Come in", ru="Входите")
    with console.db.begin() as tx:
        releasing.release(tx, actor, campaign_id, now=console.now())
    return campaign_id


def seen_to_leave(console: Console, actor: Actor, school: School) -> tuple[str, AppTest]:
    """A released letter, and its page."""
    id_ = released(console, actor, school)
    return id_, screen("delivery", console, actor, school, id=id_)


def pressed_in_dialog(console: Console, actor: Actor, campaign: Campaign) -> None:
    composer_send._release(console, actor, campaign)


def test_the_composer_counts_readers_by_language_and_names_who_is_left_out(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    at = screen("composer", console, ana, school, id=drafted(console, ana, school, ru="Входите"))
    words = said(at)
    assert "2 people get it" in words
    assert "Left out: 1" in words
    assert "The address does not exist" in words
    assert "No text in English: 1 will get Русский." in words
    assert "◆ English 1" in at.segmented_control[0].options


def test_what_is_typed_is_kept_as_a_draft_at_once(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school)
    at = screen("composer", console, ana, school, id=campaign_id)
    at.text_input(key=f"subject-{campaign_id}-ru").set_value("Класс переехал").run()
    at.text_area(key=f"body-{campaign_id}-ru").set_value("Здравствуйте, {{ name }}!").run()
    campaign = kept(console, ana, campaign_id)
    assert campaign.subject == {"ru": "Класс переехал"}
    assert campaign.body == {"ru": "Здравствуйте, {{ name }}!"}
    assert "Saved " in said(at)


def test_a_letter_has_the_topic_that_is_chosen_and_what_one_must_know_reaches_all(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    with console.db.begin() as tx:
        suppression.add(
            tx, ana, school.id, "ben@school.test", topic="camp",
            reason=suppression.UNSUBSCRIBED, now=NOON,
        )  # fmt: skip
        campaigns.draft(
            tx, ana, school.id, subject={}, body={}, segment=Segment(everyone=True),
            sender="news@school14.test", topic="camp", now=NOON,
        )  # fmt: skip
    campaign_id = drafted(console, ana, school, ru="Входите")
    key = f"topic-{campaign_id}"
    at = screen("composer", console, ana, school, id=campaign_id)
    assert at.selectbox(key=key).options[:2] == ["Announcements", "camp"]
    assert "2 people get it" in said(at)
    at.selectbox(key=key).set_value("camp").run()
    assert kept(console, ana, campaign_id).topic == "camp"
    assert "1 person gets it" in said(at)
    at.selectbox(key=key).set_value("service").run()
    assert kept(console, ana, campaign_id).topic == "service"
    assert "It reaches those too who left" in said(at)
    assert "2 people get it" in said(at)


def test_a_field_that_is_no_field_is_told_before_sending(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school, ru="Привет, {{ 1 + 1 }}", en="{{ room }}")
    words = said(screen("composer", console, ana, school, id=campaign_id))
    assert "is not a field" in words.replace("\\", "")


def test_a_field_that_is_empty_is_counted(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school, ru="Комната {{ room }}", en="Hello")
    words = said(screen("composer", console, ana, school, id=campaign_id))
    assert "Field room is empty: 1 of 2." in words


def test_conditions_that_reach_nobody_or_leave_no_text_are_told(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    for_staff = "{% if role = staff %}Come in{% end %}"
    campaign_id = drafted(console, ana, school, ru=for_staff, en="Hi {{ nmae }}")
    at = screen("composer", console, ana, school, id=campaign_id)
    words = said(at)
    assert "Line 1: the condition on “role” is true for nobody." in words
    assert "1 of 2 would get an empty letter." in words
    assert "Line 1: nobody who is meant has a field “nmae”." in words
    assert at.button(key="composer-send").disabled


def test_the_dialog_says_back_and_its_button_names_the_number(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school, ru="Входите", en="Come in")
    at = press(screen("composer", console, ana, school, id=campaign_id), "Review and send")
    assert "Send to 2 people" in [button.label for button in at.button]
    told = letters(at)
    assert "Everybody in the school" in told
    assert "School 14 <news@school14.test>" in told
    assert "1 · The address does not exist: 1" in told
    assert kept(console, ana, campaign_id).state == "draft"


def test_a_draft_that_changed_behind_the_dialog_is_not_released(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school, ru="Входите", en="Come in")
    shown = kept(console, ana, campaign_id)
    with console.db.begin() as tx:
        campaigns.save(
            tx,
            ana,
            campaign_id,
            subject=shown.subject,
            body={"en": "Something else"},
            segment=Segment(everyone=True),
            sender=shown.sender,
            now=console.now(),
        )
    at = stage.dialog(lambda: pressed_in_dialog(console, ana, shown))
    assert kept(console, ana, campaign_id).state == "draft"
    assert "The draft has changed" in said(at.run())


def test_the_preview_is_boxed_and_loads_nothing(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school, en=MARKUP)
    with console.db.read() as tx:
        html = campaigns.preview(tx, ana, campaign_id, readers[1]).html
    boxed = composer_preview.boxed(html, width=390, dark=True)
    assert 'sandbox=""' in boxed
    assert boxed.count("default-src 'none'") + boxed.count("default-src &#x27;none&#x27;") == 2
    assert "<script" not in boxed
    assert "prefers-color-scheme" not in boxed


def test_anybody_of_the_audience_is_found_for_the_preview(
    console: Console, school: School, ana: Actor
) -> None:
    count = composer_preview.SHOWN + 2
    with console.db.begin() as tx:
        for n in range(count):
            person(tx, school, f"Reader{n:03}", "en")
        person(tx, school, "Zoya", "en")
    campaign_id = drafted(console, ana, school, en="Dear {{ name }}")
    at = screen("composer", console, ana, school, id=campaign_id)
    at.segmented_control(key="preview-view").set_value("text").run()
    assert "Dear Reader000" in letters(at)
    assert "Zoya" not in str(at.selectbox[-1].options)
    at.text_input(key=f"preview-search-{campaign_id}").set_value("ZOYA@").run()
    assert "Dear Zoya" in letters(at)
    at.text_input(key=f"preview-search-{campaign_id}").set_value("nobody at all").run()
    assert "Nobody who is found so gets it." in said(at)


def test_within_30_seconds_a_release_can_be_called_back(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id, at = seen_to_leave(console, ana, school)
    figures = {metric.label: metric.value for metric in at.metric}
    assert figures["Recipients"] == "3"
    assert figures["○ Waiting"] == "2"
    assert figures["■ Left out"] == "1"
    assert "1 × The address does not exist" in said(at)
    at = press(at, "Call it back")
    assert kept(console, ana, campaign_id).state == "draft"
    assert "Called back: nobody got it." in said(at)


def test_a_pause_holds_until_it_is_sent_on(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id, at = seen_to_leave(console, ana, school)
    at = press(at, "Pause")
    assert kept(console, ana, campaign_id).state == "paused"
    press(at, "Send on")
    assert kept(console, ana, campaign_id).state == "released"


def test_what_was_paused_beyond_its_hour_asks_before_it_is_sent_on(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = released(console, ana, school)
    with console.db.begin() as tx:
        releasing.pause(tx, ana, campaign_id, now=NOON)
        tx.execute(text("UPDATE campaign SET scheduled_for = 0, leaves_at = 0, expires_at = 1"))
    paused = kept(console, ana, campaign_id)
    at = dialog(lambda: delivery_acts._resume_act(console, ana, school, paused).do())
    assert "Jan" in letters(at)  # when it was meant for
    press(at, "Send to 2 people")
    sent_on = kept(console, ana, campaign_id)
    assert sent_on.state == "released"
    assert sent_on.expires_at is not None
    assert sent_on.expires_at > console.now()


def test_only_what_can_be_done_is_offered(
    console: Console, school: School, ana: Actor, ben: Actor, readers: list[str]
) -> None:
    campaign_id = released(console, ana, school)
    with console.db.begin() as tx:
        tx.execute(text("UPDATE campaign SET leaves_at = 0"))
        tx.execute(text("UPDATE delivery SET state = 'failed', next_at = 0 WHERE name = 'Ben'"))
        tx.execute(text("UPDATE delivery SET state = 'held' WHERE name = 'Alina'"))
    at = screen("delivery", console, ana, school, id=campaign_id)
    offered = {button.label for button in at.button}
    assert {"Retry failed", "Send the held again", "Write to those without it"} <= offered
    assert not {"Call it back", "Pause", "Send on"} & offered
    press(at, "Retry failed")
    with console.db.read() as tx:
        states = {each.name: each.state for each in reached.undelivered(tx, ana, campaign_id)}
    assert states == {"Ben": "waiting", "Alina": "held", "Cid": "suppressed"}
    watching = screen("delivery", console, ben, school, id=campaign_id)
    assert not {"Retry failed", "Send the held again"} & {each.label for each in watching.button}


def test_recipients_are_counted_as_they_are_picked(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    at = screen("recipients", console, ana, school)
    assert "Nobody yet" in said(at)
    at.multiselect(key="recipients-Languages").set_value(["en"]).run()
    assert "1 person gets it" in said(at)
    assert "People reading English" in said(at)


def test_a_table_is_planned_with_every_bad_line_before_anything_comes_in(
    console: Console, school: School, ana: Actor
) -> None:
    at = screen("recipients", console, ana, school)
    at.session_state["recipients-tab"] = "Import"
    at = at.run()
    table = b"email,name\nalina@school.test,Alina\nnot an address,Ben\n"
    at.file_uploader[0].set_value(("people.csv", table, "text/csv")).run()
    assert "1 line cannot come in" in said(at)
    assert "Line 3: not an address" in letters(at)
    assert names(console, ana, school) == []
    at = press(at, "Import 1 person")
    assert names(console, ana, school) == ["Alina"]
    assert "1 person is in." in said(at)


def test_how_a_table_was_saved_is_shown_and_may_be_chosen(
    console: Console, school: School, ana: Actor
) -> None:
    at = screen("recipients", console, ana, school)
    at.session_state["recipients-tab"] = "Import"
    at = at.run()
    plain = b"email,name\nli@school.test,Li\n"
    at.file_uploader[0].set_value(("people.csv", plain, "text/csv")).run()
    assert "Read as" not in [each.label for each in at.selectbox], "it tells so itself"
    table = "email,name\nli@school.test,李\n".encode("gb18030")
    at.file_uploader[0].set_value(("people.csv", table, "text/csv")).run()
    [read] = [each for each in at.selectbox if each.label == "Read as"]
    assert read.value == "cp1251"
    assert "Chinese (GB18030)" in read.options
    read.set_value("gb18030").run()
    press(at, "Import 1 person")
    assert names(console, ana, school) == ["李"]


def names(console: Console, actor: Actor, school: School) -> list[str]:
    with console.db.read() as tx:
        return [each.name for each in roster.people(tx, actor, school.id)]


@pytest.mark.parametrize("module", ["campaigns", "composer", "delivery", "recipients"])
def test_who_may_not_write_reads_nothing(
    console: Console,
    school: School,
    ana: Actor,
    eve: Actor,
    zoe: Actor,
    readers: list[str],
    module: str,
) -> None:
    campaign_id = released(console, ana, school)
    for stranger in (eve, zoe):
        at: AppTest = screen(module, console, stranger, school, id=campaign_id)
        assert "Your role does not allow this." in said(at)
        assert "Room moved" not in said(at) + letters(at)
        assert not at.dataframe


def test_a_segment_reads_as_people_say_it(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    offered = segment_picker.choices(console, ana, school, Segment())
    meant = Segment(roles=("teacher",), languages=("ru",), people=("x",))
    assert (
        segment_words.plain_sentence(meant, offered) == "Teacher reading Русский + 1 person by name"
    )


def test_after_a_restore_an_administrator_lets_mail_leave_again(
    console: Console, ana: Actor, ada: Actor, school: School
) -> None:
    with console.db.begin() as tx:
        restoring.hold(tx, now=NOON)
    refused = press(screen("campaigns", console, ana, school), "Resume sending")
    assert "administrator" in said(refused)
    resumed = press(screen("campaigns", console, ada, school), "Resume sending")
    assert "Mail leaves again" in said(resumed)
    with console.db.read() as tx:
        assert restoring.paused(tx) is None


def test_an_empty_draft_begins_with_a_ready_text_that_is_stopped_until_it_is_filled_in(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school)
    at = screen("composer", console, ana, school, id=campaign_id)
    at.pills(key=f"starter-{campaign_id}").set_value("survey").run()
    campaign = kept(console, ana, campaign_id)
    assert set(campaign.body) == {"en", "ru", "zh_Hans"}
    assert at.text_area(key=f"body-{campaign_id}-ru").value == campaign.body["ru"]
    assert "Still to be filled in" in said(at)
    assert at.button(key="composer-send").disabled
    at.text_input(key=f"composer-anyway-{campaign_id}").set_value("It is a trial").run()
    assert not at.button(key="composer-send").disabled


def test_a_letter_to_absentees_asks_again_before_it_goes(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    """Ben has come in since; then the room's server does not answer."""
    with console.db.begin() as tx:
        connect(tx, school)
        room_id, course_id = lesson(tx, school, "Algebra", [])
        for person_id in readers:
            tx.execute(
                text("INSERT INTO enrolment VALUES (:course, :person, :school, 'student')"),
                {"course": course_id, "person": person_id, "school": school.id},
            )
    campaign_id = drafted(console, ana, school, en="Come in", ru="Входите")
    group = Segment(people=tuple(readers), absent_from=(room_id, course_id, NOON.isoformat()))
    with console.db.begin() as tx:
        campaigns.keep_segment(tx, ana, campaign_id, group, now=NOON)
    ben = "<attendee><userID>w_1</userID><fullName>Ben</fullName></attendee>"
    info = f"""<response><returncode>SUCCESS</returncode><running>true</running>
        <attendees>{ben}</attendees></response>"""
    with serving(signed("sha256", {"getMeetingInfo": info})) as wire:
        console.adapters = cast("Adapters", lambda _id: media(wire.url))
        at = press(screen("composer", console, ana, school, id=campaign_id), "Review and send")
    assert "1 has come in and is left out" in letters(at)
    assert "Send to 1 person" in [button.label for button in at.button]
    at = press(screen("composer", console, ana, school, id=campaign_id), "Review and send")
    assert "does not answer" in letters(at)
    assert "Send to 1 person" in [button.label for button in at.button]


def test_a_letter_is_for_those_present_in_a_lesson_that_runs_once_its_room_was_asked(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    with console.db.begin() as tx:
        lesson(tx, school, "Algebra", ["dana", "emil"])
        tx.execute(
            text("UPDATE lesson SET starts_at = :now, ends_at = :until"),
            {"now": console.now(), "until": console.now() + timedelta(hours=1)},
        )
    dana = "<attendee><userID>w_1</userID><fullName>dana</fullName></attendee>"
    info = f"""<response><returncode>SUCCESS</returncode><running>true</running>
        <attendees>{dana}</attendees></response>"""
    campaign_id = drafted(console, ana, school, en="Come in", ru="Входите")
    with serving(signed("sha256", {"getMeetingInfo": info})) as wire:
        console.adapters = cast("Adapters", lambda _id: media(wire.url))
        at = screen("composer", console, ana, school, id=campaign_id)
        at = press(at, "Ask the room")
        absent = Segment.from_json(kept(console, ana, campaign_id).segment)
        at.segmented_control(key=f"lesson-group-{campaign_id}-who").set_value("present").run()
        at = press(at, "Ask the room")
    present = Segment.from_json(kept(console, ana, campaign_id).segment)
    names = {each.id: each.name for each in people_of(console, ana, school)}
    assert [names[each] for each in absent.people] == ["emil"]
    assert [names[each] for each in present.people] == ["dana"]
    assert absent.absent_from[:2] == present.present_in[:2]
    assert not present.everyone
    assert "1 person present as of" in said(at)
    assert "1 person gets it" in said(at)


def test_a_letter_that_nobody_elsewhere_can_leave_is_stopped_until_she_says_so(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    bare = replace(console, settings=replace(console.settings, public=Public()))
    campaign_id = drafted(console, ana, school, en="Come in", ru="Входите")
    at = screen("composer", bare, ana, school, id=campaign_id)
    assert "The link to unsubscribe leads to this machine alone" in said(at)
    assert at.button(key="composer-send").disabled
    at.text_input(key=f"composer-anyway-{campaign_id}").set_value("It is a trial").run()
    assert not at.button(key="composer-send").disabled
    at = screen("composer", console, ana, school, id=campaign_id)
    assert not at.button(key="composer-send").disabled


def test_a_dead_link_stops_the_letter_until_she_says_so(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    dead = "http://127.0.0.1:9/timetable"
    body = dict.fromkeys(("en", "ru"), f"[Timetable]({dead})")
    campaign_id = drafted(console, ana, school, **body)
    school = replace(school, simulated=True)  # in which this machine may be asked
    at = press(screen("composer", console, ana, school, id=campaign_id), "Review and send")
    assert "Nothing answers at http" in said(at)
    assert at.button(key="composer-send").disabled
    at.text_input(key=f"composer-anyway-{campaign_id}").set_value("It is a trial").run()
    at = press(at, "Review and send")
    assert "Send to 2 people" in [button.label for button in at.button]


def test_a_link_into_our_own_network_is_not_looked_at_and_stops_nothing(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    body = dict.fromkeys(("en", "ru"), "[Timetable](http://127.0.0.1:9/timetable)")
    campaign_id = drafted(console, ana, school, **body)
    at = press(screen("composer", console, ana, school, id=campaign_id), "Review and send")
    assert "Send to 2 people" in [button.label for button in at.button]
    assert "was not checked" in said(screen("composer", console, ana, school, id=campaign_id))


def test_where_answers_go_is_chosen_for_one_letter_and_said_back(
    console: Console, school: School, ana: Actor, ada: Actor, readers: list[str]
) -> None:
    with console.db.begin() as tx:
        replies.save(tx, ada, school.id, "office@school14.test", now=console.now())
    campaign_id = drafted(console, ana, school, en="Come in", ru="Входите")
    assert kept(console, ana, campaign_id).replies == "office@school14.test"
    at = screen("composer", console, ana, school, id=campaign_id)
    at.text_input(key=f"replies-{campaign_id}").set_value("nobody")
    at = press(at, "Keep it")
    assert "is not an address" in said(at)
    at.text_input(key=f"replies-{campaign_id}").set_value("Ana <ana@school14.test>")
    at = press(at, "Keep it")
    assert kept(console, ana, campaign_id).replies == "Ana <ana@school14.test>"
    at = press(at, "Review and send")
    assert "Ana <ana@school14.test>" in letters(at)
    with console.db.begin() as tx:
        releasing.release(tx, ana, campaign_id, now=console.now())
        with pytest.raises(MailingError, match="cannot be changed any more"):
            replies.choose(tx, ana, campaign_id, "", now=console.now())


def test_a_campaign_for_many_is_let_go_by_somebody_else(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    mail = Mail(sender="School 14 <news@school14.test>", second_person_above=1)
    console = replace(console, settings=replace(console.settings, mail=mail))
    campaign_id = drafted(console, ana, school, en="Come in", ru="Входите")
    at = press(screen("composer", console, ana, school, id=campaign_id), "Review and send")
    assert "once a second person agrees (more than 1 recipients)" in letters(at)
    with console.db.begin() as tx:
        releasing.release(tx, ana, campaign_id, terms=console.terms, now=console.now())
    own = screen("delivery", console, ana, school, id=campaign_id)
    assert "Nothing leaves until somebody else agrees." in said(own)
    assert "Let it leave" not in [button.label for button in own.button]
    boris = Actor("boris", "Boris", "coordinator", frozenset({school.id}))
    press(screen("delivery", console, boris, school, id=campaign_id), "Let it leave")
    assert kept(console, ana, campaign_id).state == "released"


def waiting(console: Console, actor: Actor, school: School, **body: str) -> str:
    """A letter with a file that waits for a second person."""
    id_ = drafted(console, actor, school, **body)
    with console.db.begin() as tx:
        attachments.add(tx, actor, id_, "plan.txt", b"x", room=Room(), now=console.now())
        releasing.release(tx, actor, id_, terms=Terms(second_person_above=1), now=console.now())
    return id_


def test_the_second_person_reads_all_of_it_in_every_language(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    id_ = waiting(console, ana, school, en="Come in, {{ name }}", ru="Входите")
    boris = Actor("boris", "Boris", "coordinator", frozenset({school.id}))
    at = screen("delivery", console, boris, school, id=id_)
    at.segmented_control(key="preview-view").set_value("text").run()
    for part in ("news@school14.test", "Everybody in the school", "At once", "English: 1"):
        assert part in letters(at)
    assert "The address does not exist: 1" in letters(at)
    assert "plan.txt" in str(at.get("download_button")).replace("\\", "")
    seen = letters(at)
    at.segmented_control(key=f"letter-language-{id_}").set_value("ru").run()
    seen += letters(at)
    assert "Come in, Ben" in seen
    assert "Входите" in seen
    at.text_input(key=f"letter-search-{id_}").set_value("ben").run()
    assert "Come in, Ben" in letters(at)


def test_a_button_that_was_drawn_for_another_text_lets_nothing_leave(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    id_ = waiting(console, ana, school, en="Come in", ru="Входите")
    boris = Actor("boris", "Boris", "coordinator", frozenset({school.id}))
    at = screen("delivery", console, boris, school, id=id_)
    with console.db.begin() as tx:
        now = console.now()
        releasing.cancel(tx, ana, id_, now=now)
        campaigns.save(
            tx, ana, id_, subject={"en": "Other"}, body={"en": "Other"},
            segment=Segment(everyone=True), sender="News <news@school14.test>", now=now,
        )  # fmt: skip
        releasing.release(tx, ana, id_, terms=Terms(second_person_above=1), now=now)
    at = press(at, "Let it leave")
    assert kept(console, ana, id_).state == "asked"
    assert "It has changed since it was shown to you." in said(at)
    press(at, "Let it leave")
    assert kept(console, ana, id_).state == "released"


def test_a_letter_can_be_read_again_after_it_has_left(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    id_, at = seen_to_leave(console, ana, school)
    assert "Come in" not in letters(at)  # folded, and not even read
    with console.db.read() as tx:
        [alina] = mail_letters.readers(tx, ana, id_, search="alina")
    at = screen("delivery", console, ana, school, id=id_, letter=alina.delivery_id)
    at.segmented_control(key="preview-view").set_value("text").run()
    assert "Входите" in letters(at)


@pytest.mark.parametrize(
    ("written", "titled"),
    [
        ("{{ lesson }}: {{ lesson_when }}", "…: …"),
        ("{{ name }}, the room {% if group = 7B %}is 9{% else %}stays{% end %}", "…, the room …"),
        ("100 {% of it", "100 {% of it"),
    ],
)
def test_a_campaign_is_called_by_what_its_readers_share(written: str, titled: str) -> None:
    assert segment_picker.subject({"en": written}) == titled


def test_a_time_is_chosen_and_said_back(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school, en="Come in", ru="Входите")
    at = screen("composer", console, ana, school, id=campaign_id)
    tomorrow = console.now().astimezone(school.zone).date() + timedelta(days=1)
    at.date_input(key=f"when-day-{campaign_id}").set_value(tomorrow)
    at.time_input(key=f"when-time-{campaign_id}").set_value(time(18, 30)).run()
    at.button(key="when-set").click().run()
    chosen = kept(console, ana, campaign_id).scheduled_for
    assert chosen is not None
    assert chosen.astimezone(school.zone) == datetime.combine(tomorrow, time(18, 30), school.zone)
    at = press(screen("composer", console, ana, school, id=campaign_id), "Review and send")
    assert "18:30" in letters(at)


def test_a_lesson_and_a_file_are_put_to_a_letter_and_said_back(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    lesson = (console.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    planned(console, school, lesson)
    body = dict.fromkeys(("en", "ru"), "Come: {{ lesson_when }}")
    campaign_id = drafted(console, ana, school, **body)
    at = screen("composer", console, ana, school, id=campaign_id)
    assert "choose which one it invites to" in said(at)
    assert at.button(key="composer-send").disabled
    at.button(key="lesson-set").click().run()
    assert "choose which one" not in said(at)
    at.file_uploader[0].set_value(("plan.pdf", b"%PDF-1.7 x", "application/pdf")).run()
    at.button(key="files-attach").click().run()
    assert "plan.pdf, invite.ics" in said(at).replace("\\", "")
    at = press(at, "Review and send")
    told = letters(at)
    assert "Algebra" in told
    assert "plan.pdf · 0.1 MB" in told


def test_a_file_that_is_not_what_it_says_is_refused_on_the_screen(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school, en="Come in", ru="Входите")
    at = screen("composer", console, ana, school, id=campaign_id)
    at.file_uploader[0].set_value(("plan.pdf", b"MZ", "application/pdf")).run()
    at.button(key="files-attach").click().run()
    assert "is not what its name says" in said(at)


def test_readers_of_an_invitation_are_told_of_the_new_time(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    lesson = (console.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    lesson_id = planned(console, school, lesson)
    campaign_id = drafted(console, ana, school, en="Come in", ru="Входите")
    with console.db.begin() as tx:
        inviting.invite(tx, ana, campaign_id, lesson_id, link="https://x.test", now=console.now())
        releasing.release(tx, ana, campaign_id, now=console.now())
    at = screen("delivery", console, ana, school, id=campaign_id)
    assert "do not know yet" not in said(at)
    planned(console, school, lesson + timedelta(hours=2))
    at = screen("delivery", console, ana, school, id=campaign_id)
    assert "Algebra begins" in said(at)
    press(at, "Write the new time")
    with console.db.read() as tx:
        newest = campaigns.of(tx, ana, school.id)[0]
    assert newest.subject["ru"].startswith("Новое время")


def test_one_button_tells_those_who_have_the_old_hour_and_those_who_wait(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    lesson = (console.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    lesson_id = planned(console, school, lesson)
    campaign_id = drafted(console, ana, school, en="Come in", ru="Входите")
    with console.db.begin() as tx:
        inviting.invite(tx, ana, campaign_id, lesson_id, link="https://x.test", now=console.now())
        releasing.release(tx, ana, campaign_id, now=console.now())
        tx.execute(text("UPDATE delivery SET state = 'sent' WHERE name = 'Ben'"))
    planned(console, school, lesson + timedelta(hours=2))
    at = screen("delivery", console, ana, school, id=campaign_id)
    assert "1 person waits for the invitation" in said(at)
    assert "Send the new time" in [button.label for button in at.button]
    invitation = kept(console, ana, campaign_id)
    with console.db.read() as tx:
        change = following.change(tx, ana, campaign_id)
        both = following.readers(tx, ana, campaign_id)
    assert change is not None
    at = dialog(lambda: delivery_lesson._ask(console, ana, invitation, change, both))
    press(at, "Send to 2 people")
    with console.db.read() as tx:
        newest = campaigns.of(tx, ana, school.id)[0]
        old = campaigns.get(tx, ana, campaign_id)
    assert newest.subject["ru"].startswith("Новое время")
    assert (newest.state, newest.totals.waiting) == ("released", 2)
    assert (old.state, old.totals.sent, old.totals.waiting) == ("stopped", 1, 0)


def test_a_campaign_of_which_only_sums_are_left_says_so_and_names_nobody(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school, en="Come in", ru="Входите")
    with console.db.begin() as tx:
        releasing.release(tx, ana, campaign_id, now=console.now())
        tx.execute(text("UPDATE delivery SET state = 'failed'"))
        tx.execute(text("UPDATE campaign SET reduced_at = :now"), {"now": console.now()})
        tx.execute(text("DELETE FROM delivery"))
    at = screen("delivery", console, ana, school, id=campaign_id)
    assert "the sums stay" in said(at)
    assert "Everybody got it." not in said(at)


def test_whether_a_lesson_moved_is_asked_where_only_people_can_know(
    console: Console, school: School, ada: Actor, readers: list[str]
) -> None:
    day = (console.now() + timedelta(days=2)).astimezone(school.zone)
    lesson = day.replace(hour=10, minute=0, second=0, microsecond=0)
    lesson_id = planned(console, school, lesson)
    campaign_id = drafted(console, ada, school, en="Come in", ru="Входите")
    with console.db.begin() as tx:
        inviting.invite(tx, ada, campaign_id, lesson_id, link="https://x.test", now=console.now())
        releasing.release(tx, ada, campaign_id, now=console.now())
        tx.execute(text("UPDATE lesson SET gone = TRUE"))
    planned(console, school, lesson + timedelta(hours=3), name="L2")
    at = screen("delivery", console, ada, school, id=campaign_id)
    assert "Did it move there, or is it called off?" in said(at)
    at = press(at, "It moved there")
    assert "begins" in said(at)
    assert "Send the new time" in [button.label for button in at.button]


def planned(console: Console, school: School, starts: datetime, name: str = "L1") -> str:
    lesson = PlannedLesson(
        name, "Algebra", None, None, None, starts, starts + timedelta(hours=1), None
    )
    with console.db.begin() as tx:
        pult = access.system(school.id)
        planning.lessons(tx, pult, school.id, [lesson], now=console.now())
        return str(tx.execute(text("SELECT id FROM lesson WHERE NOT gone")).scalar_one())


def test_a_time_by_each_readers_own_clock_is_said_back(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school, en="Come in", ru="Входите")
    with console.db.begin() as tx:
        tx.execute(
            text("UPDATE person SET fields = :fields WHERE name = 'Ben'"),
            {"fields": '{"time_zone": "Asia/Novosibirsk"}'},
        )
    at = screen("composer", console, ana, school, id=campaign_id)
    soon = console.now().astimezone(school.zone) + timedelta(hours=1)
    at.date_input(key=f"when-day-{campaign_id}").set_value(soon.date())
    at.time_input(key=f"when-time-{campaign_id}").set_value(soon.time().replace(microsecond=0))
    at.checkbox(key=f"when-zone-{campaign_id}").check().run()
    at.button(key="when-set").click().run()
    assert kept(console, ana, campaign_id).by_zone
    at = screen("composer", console, ana, school, id=campaign_id)
    assert "By the clock of 1 of 2 this time is over: they get it at once." in said(at)
    at = press(at, "Review and send")
    assert "own clock" in letters(at)


def test_who_has_not_got_it_is_taken_away_in_the_readers_language_and_told_on_the_persons_page(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = released(console, ana, school)
    why = Words("It came back: {answer}", {"answer": "552 *full*"})
    with console.db.begin() as tx:
        tx.execute(
            text("UPDATE delivery SET state = 'failed', reply = :why WHERE name = 'Ben'"),
            {"why": why.to_json()},
        )
        ben = tx.execute(text("SELECT id FROM person WHERE name = 'Ben'")).scalar_one()
    at = screen("delivery", console, ana, school, id=campaign_id)
    assert [each.proto.label for each in at.get("download_button")] == ["XLSX", "CSV"]
    campaign = kept(console, ana, campaign_id)
    read = partial(
        missed_away._rows, console, ana, school, campaign, delivery._said, delivery._plain
    )
    table = taking_away._made(read, figure_sheets.csv_file, "ru").decode("utf-8-sig")
    header, *rows = [line.split(",") for line in table.strip().split("\r\n")]
    assert header[0] == "Имя"
    assert {row[0]: row[3] for row in rows}["Ben"] == "Письмо вернулось: 552 *full*"
    assert "It came back: 552 *full*" in letters(screen("person", console, ana, school, id=ben))


def test_a_persons_history_tells_each_subject_as_it_was_for_them_and_opens_that_letter(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = writing.to_segment(
        console, ana, school, Segment(everyone=True),
        subject={"en": "{{ name }}, come to *9*"}, body={"en": "Come in"},
    )  # fmt: skip
    with console.db.begin() as tx:
        releasing.release(tx, ana, campaign_id, now=console.now())
        who = people_of(console, ana, school)
        [frozen] = mail_letters.readers(tx, ana, campaign_id, search="ben@")
    ben = next(each for each in who if each.name == "Ben")
    cid = next(each for each in who if each.name == "Cid")
    [told] = person_timeline._mailed(console, ana, ben)
    assert told.subject == r"Ben, come to \*9\*"
    assert told.letter == (campaign_id, frozen.delivery_id)
    [left_out] = person_timeline._mailed(console, ana, cid)
    assert left_out.letter is None, "nothing was written to them"
    assert r"Ben, come to \*9\*" in said(screen("person", console, ana, school, id=ben.id))


def test_readers_who_lack_something_are_named_and_the_reason_stands_on_the_campaigns_page(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = drafted(console, ana, school, en="Go to {{ level }}", ru="Входите")
    at = screen("composer", console, ana, school, id=campaign_id)
    assert "Field level is empty: 1 of 2." in said(at)
    assert "Ben" in [each.value for each in at.caption]
    assert at.button(key="composer-send").disabled
    at.text_input(key=f"composer-anyway-{campaign_id}").set_value("Ben *knows* it").run()
    at = press(at, "Review and send")
    assert "Ben *knows* it" in letters(at)
    campaign = kept(console, ana, campaign_id)
    dialog(lambda: composer_send._release(console, ana, campaign, anyway="Ben *knows* it"))
    at = screen("delivery", console, ana, school, id=campaign_id)
    assert r"sends it all the same, because: Ben \*knows\* it" in said(at)
    assert "Field level is empty: 1 of 2." in said(at)


def test_a_letter_to_those_without_it_leaves_the_uncertain_alone_until_they_are_ticked(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    campaign_id = released(console, ana, school)
    with console.db.begin() as tx:
        tx.execute(text("UPDATE campaign SET leaves_at = 0"))
        tx.execute(text("UPDATE delivery SET state = 'held', next_at = 0 WHERE name = 'Alina'"))
        tx.execute(text("UPDATE delivery SET state = 'sent' WHERE name = 'Ben'"))
    shown = kept(console, ana, campaign_id)
    at = dialog(lambda: delivery_follow._follow(console, ana, school, shown))
    assert "0 mails failed" in said(at)
    assert "1 mail is uncertain: they may have it already" in said(at)
    at = press(at, "Draft it")
    assert "Nobody's mail failed" in said(at)
    with console.db.read() as tx:
        assert len(campaigns.of(tx, ana, school.id)) == 1
    at.checkbox(key=f"follow-held-{campaign_id}").check().run()
    press(at, "Draft it")
    with console.db.read() as tx:
        draft = next(each for each in campaigns.of(tx, ana, school.id) if each.state == "draft")
    assert Segment.from_json(draft.segment).people == (readers[0],)


def test_nobody_can_overrule_a_letter_that_would_be_empty(
    console: Console, school: School, ana: Actor, readers: list[str]
) -> None:
    body = "{% if role = teacher %}Come{% end %}"
    campaign_id = drafted(console, ana, school, en=body, ru="Входите")
    at = screen("composer", console, ana, school, id=campaign_id)
    assert "1 of 2 would get an empty letter" in said(at)
    assert at.button(key="composer-send").disabled
    assert not [each for each in at.text_input if each.key == f"composer-anyway-{campaign_id}"]
