"""The campus's media servers answer as BigBlueButton does."""

import time
from collections.abc import Iterator

import pytest
import requests

from tests.campus import Campus, opened
from tests.patience import PATIENCE, within


@pytest.fixture(scope="module")
def campus() -> Iterator[Campus]:
    with opened() as running:
        yield running


def key(campus: Campus, server: int, call: str, **query: str) -> str:
    return campus.bigbluebutton(server, call, **query).findtext("messageKey", "")


def participants(campus: Campus, server: int) -> dict[str, int]:
    meetings = campus.bigbluebutton(server, "getMeetings").iter("meeting")
    return {
        meeting.findtext("meetingID", ""): int(meeting.findtext("participantCount", ""))
        for meeting in meetings
    }


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_all_four_hashes_are_taken(campus: Campus, algorithm: str) -> None:
    answer = campus.bigbluebutton(0, "getMeetings", algorithm)
    assert answer.findtext("returncode") == "SUCCESS"


def test_a_wrong_checksum_and_another_servers_secret_are_refused(campus: Campus) -> None:
    url = campus.signed(0, "isMeetingRunning", meetingID="a-01")
    for wrong in (url.replace("a-01", "a-04"), url[:-1], url.partition("&checksum")[0]):
        assert "checksumError" in requests.get(wrong, timeout=60).text
    first, second = (there["url"] for there in campus.addresses["bigbluebutton"][:2])
    assert "checksumError" in requests.get(url.replace(first, second), timeout=60).text


def test_a_server_may_take_only_some_hashes(campus: Campus) -> None:
    with campus.trap("bigbluebutton-hashes", server="a", accept="sha384,sha512"):
        assert key(campus, 0, "getMeetings") == "checksumError"
        assert campus.bigbluebutton(0, "getMeetings", "sha512").findtext("returncode") == "SUCCESS"
        assert campus.bigbluebutton(1, "getMeetings").findtext("returncode") == "SUCCESS"


def test_meetings_carry_counts_names_and_passwords_as_the_real_one(campus: Campus) -> None:
    meeting = next(campus.bigbluebutton(0, "getMeetings").iter("meeting"))
    people = meeting.findall("attendees/attendee")
    assert int(meeting.findtext("participantCount", "")) == len(people)
    assert meeting.findtext("maxUsers") == "30"
    assert meeting.findtext("moderatorPW")
    assert [person.findtext("role") for person in people].count("MODERATOR") == 1
    assert all(person.findtext("fullName") for person in people)


def test_unknown_meetings_are_not_found_and_not_running(campus: Campus) -> None:
    assert key(campus, 0, "getMeetingInfo", meetingID="nowhere") == "notFound"
    assert key(campus, 0, "getMeetingInfo") == "validationError"
    running = campus.bigbluebutton(0, "isMeetingRunning", meetingID="nowhere")
    assert running.findtext("running") == "false"


def test_failures_may_come_in_the_errors_form(campus: Campus) -> None:
    with campus.trap("bigbluebutton-errors"):
        answer = campus.bigbluebutton(0, "end", meetingID="nowhere")
    assert answer.findtext("messageKey") is None
    error = answer.find("errors/error")
    assert error is not None
    assert error.get("key") == "notFound"


def test_counts_may_have_a_thousands_separator(campus: Campus) -> None:
    with campus.trap("bigbluebutton-thousands"):
        meeting = next(campus.bigbluebutton(0, "getMeetings").iter("meeting"))
    assert meeting.findtext("participantCount", "").startswith("1,2")


def test_a_meeting_is_made_joined_and_ends_a_little_later(campus: Campus) -> None:
    made = {"meetingID": "extra", "attendeePW": "a", "moderatorPW": "m", "maxParticipants": "1"}
    assert campus.bigbluebutton(2, "create", **made).findtext("hasUserJoined") == "false"
    assert key(campus, 2, "create", **made) == "duplicateWarning"
    assert key(campus, 2, "create", **{**made, "moderatorPW": "other"}) == "idNotUnique"
    link = campus.signed(2, "join", meetingID="extra", fullName="Ana", role="VIEWER")
    page = requests.get(link, timeout=60)
    assert page.url.partition("?")[0].endswith("/html5client/join")
    assert participants(campus, 2)["extra"] == 1
    second = {"meetingID": "extra", "fullName": "Ben", "role": "VIEWER"}
    assert key(campus, 2, "join", **second) == "maxParticipantsReached"
    assert key(campus, 2, "join", meetingID="extra", fullName="Eve", password="x") == (
        "invalidPassword"
    )
    assert key(campus, 2, "end", meetingID="extra") == "sentEndMeetingRequest"
    assert "extra" in participants(campus, 2)
    assert within(
        PATIENCE, lambda: key(campus, 2, "getMeetingInfo", meetingID="extra") == "notFound"
    )


def test_a_lesson_that_was_ended_fills_again_when_it_is_made_anew(campus: Campus) -> None:
    before = participants(campus, 1)["b-08"]
    campus.bigbluebutton(1, "end", meetingID="b-08")
    assert within(PATIENCE, lambda: "b-08" not in participants(campus, 1))
    campus.bigbluebutton(1, "create", meetingID="b-08", name="Again")
    assert participants(campus, 1)["b-08"] < before
    assert within(PATIENCE, lambda: participants(campus, 1)["b-08"] > 3)


def test_a_chat_message_has_1_to_500_characters(campus: Campus) -> None:
    said = {"meetingID": "a-01", "message": "Пожалуйста, перейдите в комнату 4."}
    assert campus.bigbluebutton(0, "sendChatMessage", **said).findtext("returncode") == "SUCCESS"
    assert key(campus, 0, "sendChatMessage", meetingID="a-01", message="x" * 501) == (
        "validationError"
    )
    with campus.trap("bigbluebutton-no-chat"):
        assert key(campus, 0, "sendChatMessage", **said) == "unsupportedRequest"


def test_without_meetings_there_is_a_key_for_that() -> None:
    with opened("--speed", "60") as campus:
        for meeting_id in participants(campus, 2):
            campus.bigbluebutton(2, "end", meetingID=meeting_id)
        time.sleep(1.1)
        for meeting_id in participants(campus, 2):
            campus.bigbluebutton(2, "end", meetingID=meeting_id)
        assert within(PATIENCE, lambda: key(campus, 2, "getMeetings") == "noMeetings")
