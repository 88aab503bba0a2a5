"""BigBlueButton's answers and traps, byte by byte."""

import hashlib
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from platforms.base import PlatformError
from platforms.bigbluebutton import BigBlueButton
from platforms.metering import Ask, Reply, carried
from tests.wire import Asked, reply, serving

SECRET = "639259d4-9dd8-4b25-bf01-95f9567eaf4b"
FAILED = "<response><returncode>FAILED</returncode>{}</response>"
NONE = (
    "<response><returncode>SUCCESS</returncode><meetings/>"
    "<messageKey>noMeetings</messageKey><message>no meetings</message></response>"
)
ROOM = """<response><returncode>SUCCESS</returncode><meetings><meeting>
<meetingName>Algebra, 8B</meetingName><meetingID>alg-8b</meetingID>
<createTime>1773144000000</createTime><attendeePW>ap-s3cret</attendeePW>
<moderatorPW>mp-s3cret</moderatorPW><running>true</running>
<participantCount>1,234</participantCount><voiceParticipantCount>12</voiceParticipantCount>
<videoCount>3</videoCount><maxUsers>1500</maxUsers><moderatorCount>2</moderatorCount>
<attendees><attendee><fullName>Maria Ivanova</fullName><meetingID>forged</meetingID>
<participantCount>9</participantCount></attendee></attendees>
<metadata><participantcount>8</participantcount></metadata>
</meeting><meeting><meetingName>Open hour</meetingName><meetingID>hour</meetingID>
<running>false</running><participantCount>?</participantCount><maxUsers>0</maxUsers>
</meeting></meetings></response>"""


def server(url: str, secret: str = SECRET, hash_: str = "") -> BigBlueButton:
    return BigBlueButton(f"{url}/bigbluebutton", secret, {"loopback_only": "1", "hash": hash_})


def signed(accepted: str, answer: str) -> Callable[[Asked], bytes]:
    """A server that takes one hash, as BigBlueButton checks it."""

    def respond(asked: Asked) -> bytes:
        query, _, checksum = urlsplit(asked.target).query.rpartition("checksum=")
        text = asked.call + query.removesuffix("&") + SECRET
        if checksum == hashlib.new(accepted, text.encode()).hexdigest():
            return reply(answer, kind="text/xml")
        return reply(FAILED.format("<messageKey>checksumError</messageKey>"), kind="text/xml")

    return respond


@pytest.mark.parametrize("accepted", ["sha1", "sha256", "sha384", "sha512"])
def test_the_hash_that_the_server_takes_is_found_and_kept(accepted: str) -> None:
    with serving(signed(accepted, ROOM)) as wire:
        adapter = server(wire.url)
        assert [room.external_id for room in adapter.rooms()] == ["alg-8b", "hour"]
        asked = len(wire.asked)
        adapter.rooms()
        assert len(wire.asked) == asked + 1


def test_a_reading_finds_the_hash_by_what_it_is_sent() -> None:
    respond = signed("sha384", ROOM)
    reading = server("http://127.0.0.1:1").reading()
    asked = []

    def carry(ask: Ask) -> Reply:
        asked.append(ask.url)
        return Reply(200, respond(Asked("GET", ask.url, {})).partition(b"\r\n\r\n")[2])

    assert len(carried(reading, carry).rooms or ()) == 2
    assert len(set(asked)) == len(asked) == 4


def test_a_wrong_secret_is_a_sentence_without_the_secret() -> None:
    with serving(signed("sha256", ROOM)) as wire, pytest.raises(PlatformError) as caught:
        server(wire.url, "wrong-s3cret").rooms()
    assert "does not accept the secret. Run bbb-conf --secret" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.permanent
    assert len(wire.asked) == 4


def test_a_hash_that_an_upgraded_server_takes_no_more_is_changed_for_another() -> None:
    takes: list[str] = []

    def respond(asked: Asked) -> bytes:
        return signed(takes[-1], ROOM)(asked)

    with serving(respond) as wire:
        adapter = server(wire.url)
        for taken in ("sha256", "sha1", "sha512"):
            takes.append(taken)
            assert len(adapter.rooms()) == 2
        takes.append("md5")  # BigBlueButton has none such
        asked = len(wire.asked)
        with pytest.raises(PlatformError, match="does not accept the secret"):
            adapter.rooms()
        assert len(wire.asked) == asked + 4


def test_a_hash_that_was_chosen_is_the_only_one_tried() -> None:
    with serving(signed("sha1", ROOM)) as wire:
        with pytest.raises(PlatformError, match="does not accept the secret"):
            server(wire.url, hash_="sha256").rooms()
        assert len(wire.asked) == 1


def test_whoever_works_in_a_breakout_room_is_counted_once() -> None:
    """BigBlueButton counts them in both: they have not left the room that it was made from."""
    breakout = """<meeting><meetingName>Group 1</meetingName><meetingID>alg-8b-1</meetingID>
        <participantCount>30</participantCount><isBreakout>true</isBreakout></meeting></meetings>"""
    body = ROOM.replace("</meetings>", breakout).replace(
        "<running>true</running>", "<running>true</running><isBreakout>false</isBreakout>"
    )
    found = server("http://127.0.0.1:1").parse(body.encode())
    assert [room.external_id for room in found] == ["alg-8b", "hour"]
    with serving(signed("sha1", body)) as wire:
        assert [room.external_id for room in server(wire.url).rooms()] == ["alg-8b", "hour"]


def test_counts_are_read_and_names_and_passwords_are_not() -> None:
    full, open_ = server("http://127.0.0.1:1").parse(ROOM.encode())
    assert (full.participants, full.moderators, full.voices, full.videos) == (1234, 2, 12, 3)
    assert (full.seats, full.running, full.name) == (1500, True, "Algebra, 8B")
    assert full.created_at is not None
    assert full.created_at.isoformat() == "2026-03-10T12:00:00+00:00"
    assert "Maria" not in repr(full)
    assert "s3cret" not in repr(full)
    # what cannot be read is unknown, not zero; no limit is not a limit of zero
    assert (open_.participants, open_.moderators, open_.seats, open_.running) == (
        None,
        None,
        None,
        False,
    )


def test_no_meetings_is_a_success() -> None:
    assert server("http://127.0.0.1:1").parse(NONE.encode()) == []


@pytest.mark.parametrize(
    ("inside", "said", "code"),
    [
        ("<messageKey>notFound</messageKey>", "no such room open", "notFound"),
        ("<messageKey>validationError</messageKey>", "as it is. Check the room", "validationError"),
        ("<messageKey>idNotUnique</messageKey>", "of this id already", "idNotUnique"),
        ('<errors><error key="notFound" message="x"/></errors>', "no such room", "notFound"),
        ("<errors><error>notFound</error></errors>", "no such room", "notFound"),
        ("<errors><error/></errors>", "refused: error", "error"),
        ("", "refused: FAILED", ""),
    ],
)
def test_a_failed_answer_is_an_error_never_zero(inside: str, said: str, code: str) -> None:
    with pytest.raises(PlatformError) as caught:
        server("http://127.0.0.1:1").parse(FAILED.format(inside).encode())
    assert said in str(caught.value)
    assert caught.value.code == code


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><response><returncode>&i;</returncode></response>"
)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><body>nginx</body></html>",
        "{}",
        ROOM[:500],
        "<response></response>",
        "<response><returncode>SUCCESS</returncode></response>",
        BOMB,
        '<!DOCTYPE r SYSTEM "file:///etc/passwd"><response><returncode>SUCCESS</returncode>'
        "<meetings/></response>",
        "<response>" + "<a>" * 1000,
        "<?xml version='1.0' encoding='nonsense'?><response/>",
    ],
    ids=[
        "empty",
        "html",
        "json",
        "cut",
        "no return code",
        "success without a list",
        "entity bomb",
        "outside entity",
        "deep",
        "unknown encoding",
    ],
)
def test_what_is_not_an_answer_is_an_error(body: str) -> None:
    with pytest.raises(PlatformError, match=r"is not BigBlueButton's"):
        server("http://127.0.0.1:1").parse(body.encode())


@pytest.mark.parametrize(
    ("status", "permanent"), [("404 Not Found", True), ("502 Bad Gateway", False)]
)
def test_an_http_status_is_an_error(status: str, permanent: bool) -> None:
    with serving(reply("x", status=status)) as wire, pytest.raises(PlatformError) as caught:
        server(wire.url).rooms()
    assert caught.value.permanent is permanent
    assert "127.0.0.1" in str(caught.value)


def test_a_room_is_there_before_anybody_is_in_it_and_an_unknown_one_is_not() -> None:
    answer = "<response><returncode>SUCCESS</returncode><running>false</running></response>"
    with serving(signed("sha256", answer)) as wire:
        assert server(wire.url).exists("alg-8b")
    gone = FAILED.format("<messageKey>notFound</messageKey>")
    with serving(signed("sha256", gone)) as wire:
        assert not server(wire.url).exists("nowhere")


def test_an_answer_about_a_room_that_says_nothing_is_an_error() -> None:
    with (
        serving(signed("sha256", "<response><returncode>SUCCESS</returncode></response>")) as wire,
        pytest.raises(PlatformError, match="not BigBlueButton's"),
    ):
        server(wire.url).exists("alg-8b")


def test_ending_is_asked_for_once_with_the_hash_already_known() -> None:
    answers = {"getMeetings": NONE, "end": FAILED.format("<messageKey>notFound</messageKey>")}
    with serving(lambda asked: signed("sha512", answers[asked.call])(asked)) as wire:
        with pytest.raises(PlatformError) as caught:
            server(wire.url).end("alg-8b")
        assert caught.value.code == "notFound"
        assert [asked.call for asked in wire.asked].count("end") == 1


def test_a_join_link_carries_a_role_and_a_checksum_that_fits() -> None:
    with serving(signed("sha256", NONE)) as wire:
        link = server(wire.url).join_link("alg-8b", "Анна & co", as_moderator=True)
    query = parse_qs(urlsplit(link).query)
    assert query["fullName"] == ["Анна & co"]
    assert query["role"] == ["MODERATOR"]
    assert b"SUCCESS" in signed("sha256", NONE)(Asked("GET", link, {}))


def test_a_room_that_is_not_open_has_no_join_link() -> None:
    gone = FAILED.format("<messageKey>notFound</messageKey>")
    answers = {"getMeetings": NONE, "getMeetingInfo": gone}
    with (
        serving(lambda asked: signed("sha512", answers[asked.call])(asked)) as wire,
        pytest.raises(PlatformError, match="no such room open"),
    ):
        server(wire.url).join_link("alg-8b", "Anna", as_moderator=True)


def test_a_message_goes_out_within_500_characters() -> None:
    sent = "<response><returncode>SUCCESS</returncode></response>"
    answers = {"getMeetings": NONE, "sendChatMessage": sent}
    with serving(lambda asked: signed("sha256", answers[asked.call])(asked)) as wire:
        server(wire.url).message("alg-8b", "Пять минут")
        assert wire.asked[-1].query["message"] == "Пять минут"
        asked = len(wire.asked)
        for text in ("", "x" * 501):
            with pytest.raises(PlatformError, match="1 to 500 characters"):
                server(wire.url).message("alg-8b", text)
        assert len(wire.asked) == asked


def test_a_room_is_made_with_its_seats() -> None:
    made = "<response><returncode>SUCCESS</returncode><meetingID>a</meetingID></response>"
    answers = {"getMeetings": NONE, "create": made}
    with serving(lambda asked: signed("sha256", answers[asked.call])(asked)) as wire:
        room = server(wire.url).create("alg-8b", "Algebra", seats=30)
        assert wire.asked[-1].query["maxParticipants"] == "30"
    assert (room.external_id, room.seats, room.running) == ("alg-8b", 30, False)


def test_check_names_the_version_or_the_problem() -> None:
    about = (
        "<response><returncode>SUCCESS</returncode><version>2.0</version>"
        "<bbbVersion>3.0.4</bbbVersion></response>"
    )
    with serving(
        lambda asked: reply(about) if asked.call == "api" else signed("sha1", NONE)(asked)
    ) as wire:
        health = server(wire.url).check()
    assert (health.problem, health.version) == ("", "3.0.4")
    with serving(reply("<html>")) as wire:
        health = server(wire.url).check()
    assert "not BigBlueButton's" in health.problem.format(**health.params)
