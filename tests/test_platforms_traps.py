"""The traps of Moodle and BigBlueButton that are no error answers, one fact each."""

import hashlib
import json
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from platforms.base import PlatformError
from platforms.bigbluebutton import BigBlueButton
from platforms.moodle import Moodle
from platforms.moodle.forums import NOTICE_HTML
from tests.wire import Asked, as_json, reply, serving

TOKEN = "c0ffee5ec2e7c0ffee5ec2e7c0ffee5e"
SECRET = "639259d4-9dd8-4b25-bf01-95f9567eaf4b"
EVENING = 1773144000  # 2026-03-10 12:00 UTC
SITE = {"userid": 3, "release": "4.5.6"}
SUCCESS = "<response><returncode>SUCCESS</returncode>{}</response>"
FAILED = "<response><returncode>FAILED</returncode>{}</response>"
NONE = SUCCESS.format("<meetings/><messageKey>noMeetings</messageKey>")


def moodle(url: str) -> Moodle:
    return Moodle(url, TOKEN, {"loopback_only": "1"})


def media(url: str) -> BigBlueButton:
    return BigBlueButton(f"{url}/bigbluebutton", SECRET, {"loopback_only": "1"})


def answering(**answers: object) -> Callable[[Asked], bytes]:
    """Each function's answer, or a function of its form; Moodle's refusal of any other."""

    def respond(asked: Asked) -> bytes:
        answer = answers.get(asked.call, {"exception": "x", "errorcode": "accessexception"})
        return as_json(answer(asked.form) if callable(answer) else answer)

    return respond


def signed(algorithm: str, answers: dict[str, str]) -> Callable[[Asked], bytes]:
    """A server that hashes the raw query as it came, and takes one algorithm."""

    def respond(asked: Asked) -> bytes:
        query, _, checksum = urlsplit(asked.target).query.rpartition("checksum=")
        text = asked.call + query.removesuffix("&") + SECRET
        if checksum != hashlib.new(algorithm, text.encode()).hexdigest():
            return reply(FAILED.format('<errors><error key="checksumError"/></errors>'))
        if asked.call not in answers:
            return reply("<html>Not Found</html>", status="404 Not Found")
        return reply(answers[asked.call], kind="text/xml")

    return respond


def ids_in(form: dict[str, str], end: str = "") -> list[str]:
    return [value for name, value in form.items() if name.endswith(f"]{end}") and value.isdigit()]


def post(id_: int, **changes: object) -> dict[str, object]:
    return {
        "id": id_,
        "discussionid": 7,
        "subject": "Homework",
        "message": "<p>x</p>",
        "messageformat": 1,
        "author": {"id": 5, "fullname": "Maria"},
        "hasparent": id_ > 1,
        "parentid": 1 if id_ > 1 else None,
        "timecreated": EVENING + id_,
        "timemodified": EVENING + id_,
    } | changes


def test_an_expired_token_is_told_although_moodle_then_forgets_it() -> None:
    answers = ["accessexception", "invalidtoken"]
    with serving(
        lambda _: as_json({"exception": "x", "errorcode": answers.pop(0), "message": ""})
    ) as wire:
        for said in ("has not expired", "does not know the token. Make a new one"):
            with pytest.raises(PlatformError, match=said) as caught:
                moodle(wire.url).courses()
            assert caught.value.permanent


@pytest.mark.parametrize("said", [TOKEN, f"bad {TOKEN}", "x" * 5000, "<b>look</b> here", "a\nb"])
def test_an_errorcode_that_is_none_is_not_shown(said: str) -> None:
    answer = as_json({"exception": "x", "errorcode": said, "message": said})
    with serving(answer) as wire, pytest.raises(PlatformError) as caught:
        moodle(wire.url).courses()
    assert "failed inside core_course_get_courses" in str(caught.value)
    assert said not in repr(caught.value) + caught.value.code + repr(caught.value.params)


FORUMS = (
    "mod_forum_get_forums_by_courses",
    "mod_forum_get_forum_discussions",
    "mod_forum_get_discussion_posts",
)


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        ("core_user_get_users", {"users": [None]}),
        ("core_user_get_users", {"users": [{"username": "maria"}]}),
        ("core_course_get_courses", [[]]),
        ("core_enrol_get_enrolled_users", ["maria"]),
        ("mod_forum_get_forums_by_courses", [{"course": 10}]),
        ("mod_forum_get_forum_discussions", {"discussions": [{"id": 1}]}),
        ("mod_forum_get_discussion_posts", {"posts": [{"id": 1}]}),
        ("mod_forum_get_discussion_posts", {"posts": None}),
    ],
)
def test_records_of_another_shape_are_a_sentence(function: str, answer: object) -> None:
    known: dict[str, object] = {
        "core_webservice_get_site_info": SITE,
        "core_course_get_courses": [{"id": 10}],
        "mod_forum_get_forums_by_courses": [{"id": 3, "course": 10}],
        "mod_forum_get_forum_discussions": {"discussions": [{"discussion": 7}]},
    }
    with serving(answering(**{**known, function: answer})) as wire:
        adapter = moodle(wire.url)
        wanted: dict[str, Callable[[], object]] = {
            "core_user_get_users": lambda: list(adapter.accounts()),
            "core_course_get_courses": adapter.courses,
            "core_enrol_get_enrolled_users": lambda: list(adapter.enrolments("10")),
            **dict.fromkeys(FORUMS, lambda: adapter.comments(None)),
        }
        with pytest.raises(PlatformError, match="not Moodle's data") as caught:
            wanted[function]()
    assert caught.value.params["function"] == function


def test_users_are_asked_for_by_one_criterion_and_no_strangers_word() -> None:
    users = {"users": [{"id": 5, "username": "maria"}], "warnings": []}
    with serving(answering(core_webservice_get_site_info=SITE, core_user_get_users=users)) as wire:
        assert [one.external_id for one in moodle(wire.url).accounts()] == ["5"]
    (asked,) = (one for one in wire.asked if one.call == "core_user_get_users")
    form = {name: word for name, word in asked.form.items() if name.startswith("crit")}
    # Criteria are ANDed, and one that Moodle does not know would be passed over.
    assert form == {"criteria[0][key]": "email", "criteria[0][value]": "%"}


@pytest.mark.parametrize("users", [[], None])
def test_no_users_at_all_is_a_missing_permission(users: object) -> None:
    answers = {"users": users, "warnings": []}
    with (
        serving(answering(core_webservice_get_site_info=SITE, core_user_get_users=answers)) as wire,
        pytest.raises(PlatformError),
    ):
        list(moodle(wire.url).accounts())


def test_an_admin_that_an_older_moodle_skips_without_a_word_reads_back_as_active() -> None:
    with serving(
        answering(
            core_webservice_get_site_info=SITE,
            core_user_update_users=None,
            core_user_get_users_by_field=[{"id": 2, "username": "admin", "suspended": False}],
        )
    ) as wire:
        adapter = moodle(wire.url)
        adapter.suspend("2")
        assert adapter.suspended("2") is False


def test_our_own_account_is_never_suspended() -> None:
    with serving(answering(core_webservice_get_site_info=SITE)) as wire:
        adapter = moodle(wire.url)
        with pytest.raises(PlatformError, match="the account that Pult itself works with"):
            adapter.suspend("3")
        assert adapter.protected("3")
    assert "core_user_update_users" not in {asked.call for asked in wire.asked}


def test_whose_account_is_ours_must_be_known_before_one_is_suspended() -> None:
    with (
        serving(answering(core_user_update_users={"warnings": []})) as wire,
        pytest.raises(PlatformError, match="core_webservice_get_site_info"),
    ):
        moodle(wire.url).suspend("5")
    assert "core_user_update_users" not in {asked.call for asked in wire.asked}


def test_a_last_page_that_is_full_is_not_the_end_nor_is_an_empty_one_an_error() -> None:
    everyone = [{"id": n, "roles": []} for n in range(1000)]

    def page(form: dict[str, str]) -> object:
        start = int(form["options[0][value]"])
        return everyone[start : start + int(form["options[1][value]"])]

    with serving(answering(core_enrol_get_enrolled_users=page)) as wire:
        assert len(list(moodle(wire.url).enrolments("10"))) == 1000
    assert len(wire.asked) == 3


def test_a_time_that_cannot_be_one_is_unknown() -> None:
    users = [{"id": n, "lastaccess": at} for n, at in enumerate([0, -5, 10**30, "x", EVENING])]
    answers = answering(core_webservice_get_site_info=SITE, core_user_get_users={"users": users})
    with serving(answers) as wire:
        seen = [one.last_seen for one in moodle(wire.url).accounts()]
    assert seen[:4] == [None] * 4
    assert seen[4] is not None


def test_forums_of_a_thousand_courses_are_asked_for_in_parts() -> None:
    courses = [{"id": n} for n in range(1, 1201)]

    def forums(form: dict[str, str]) -> object:
        return [{"id": int(id_), "course": int(id_)} for id_ in ids_in(form)[:1]]

    with serving(
        answering(
            core_course_get_courses=courses,
            mod_forum_get_forums_by_courses=forums,
            mod_forum_get_forum_discussions={"discussions": []},
        )
    ) as wire:
        moodle(wire.url).comments(None)
    asked = [one for one in wire.asked if one.call == "mod_forum_get_forums_by_courses"]
    assert sum(len(ids_in(one.form)) for one in asked) == 1200
    assert max(len(one.form) for one in wire.asked) < 1000


def test_messages_to_many_are_sent_in_parts_each_within_phps_limits() -> None:
    def sent(form: dict[str, str]) -> object:
        return [{"msgid": 900, "clientmsgid": id_} for id_ in ids_in(form, "[touserid]")]

    def users(form: dict[str, str]) -> object:
        return [{"id": int(id_), "suspended": False} for id_ in ids_in(form)]

    everyone = [str(n) for n in range(1, 701)]
    with serving(
        answering(core_user_get_users_by_field=users, core_message_send_instant_messages=sent)
    ) as wire:
        reached = moodle(wire.url).notify(everyone, "я" * 2048)
    assert list(reached.values()) == [True] * 700
    assert max(len(one.form) for one in wire.asked) < 1000
    assert max(len(json.dumps(one.form)) for one in wire.asked) < 8 * 1024 * 1024


def test_what_is_cut_off_between_two_parts_of_a_message_is_unsure() -> None:
    answers: list[object] = [None, {"exception": "x", "errorcode": "missingparam"}]

    def sent(form: dict[str, str]) -> object:
        ids = ids_in(form, "[touserid]")
        return answers.pop(0) or [{"msgid": 9, "clientmsgid": id_} for id_ in ids]

    def users(form: dict[str, str]) -> object:
        return [{"id": int(id_), "suspended": False} for id_ in ids_in(form)]

    with (
        serving(
            answering(core_user_get_users_by_field=users, core_message_send_instant_messages=sent)
        ) as wire,
        pytest.raises(PlatformError, match="post_max_size") as caught,
    ):
        moodle(wire.url).notify([str(n) for n in range(1, 301)], "x")
    assert caught.value.unsure


def forum_site(**more: object) -> Callable[[Asked], bytes]:
    return answering(
        **{
            "core_course_get_courses": [{"id": 10}],
            "mod_forum_get_forums_by_courses": [{"id": 3, "course": 10, "name": "Talk"}],
            **more,
        }
    )


def test_no_forum_at_all_is_a_missing_permission_not_a_quiet_evening() -> None:
    with (
        serving(forum_site(mod_forum_get_forums_by_courses=[])) as wire,
        pytest.raises(PlatformError, match="mod/forum:viewdiscussion"),
    ):
        moodle(wire.url).comments(None)


def test_discussions_are_read_page_by_page_and_by_their_own_id() -> None:
    listed = [
        {"id": 9000 + n, "discussion": n, "created": EVENING, "timemodified": EVENING}
        for n in range(1, 251)
    ]

    def page(form: dict[str, str]) -> object:
        size = int(form["perpage"])
        start = int(form["page"]) * size
        return {"discussions": listed[start : start + size]}

    def posts(form: dict[str, str]) -> object:
        return {"posts": [post(int(form["discussionid"]), hasparent=False)], "courseid": 10}

    with serving(
        forum_site(mod_forum_get_forum_discussions=page, mod_forum_get_discussion_posts=posts)
    ) as wire:
        found = moodle(wire.url).comments(None)
    assert {one.external_id for one in found} == {str(n) for n in range(1, 251)}


def test_posts_that_come_newest_first_are_read_oldest_first_and_know_their_answers() -> None:
    with serving(answering(mod_forum_get_discussion_posts={"posts": [post(2), post(1)]})) as wire:
        thread = moodle(wire.url).thread("7")
    assert [(one.external_id, one.has_replies) for one in thread] == [("1", True), ("2", False)]


def test_a_first_post_with_answers_is_blanked_and_nothing_is_deleted() -> None:
    with serving(
        answering(
            mod_forum_get_discussion_post={"post": post(1)},
            mod_forum_update_discussion_post={"status": True},
        )
    ) as wire:
        moodle(wire.url).remove("1")
    assert [asked.call for asked in wire.asked][-1] == "mod_forum_update_discussion_post"
    assert wire.asked[-1].form["message"] == NOTICE_HTML
    assert not any("delete" in asked.call for asked in wire.asked)


def test_an_unknown_discussion_has_no_errorcode_and_is_a_sentence() -> None:
    answer = {"exception": "Error", "message": "Call to a member function get_id() on null"}
    with (
        serving(answering(mod_forum_get_discussion_posts=answer)) as wire,
        pytest.raises(PlatformError, match="What was asked for may be gone") as caught,
    ):
        moodle(wire.url).thread("7")
    assert caught.value.code == ""
    assert "get_id" not in str(caught.value)


@pytest.mark.parametrize("algorithm", ["sha1", "sha384", "sha512"])
def test_a_checksum_refused_without_a_message_key_is_tried_in_another_hash(algorithm: str) -> None:
    with serving(signed(algorithm, {"getMeetings": NONE})) as wire:
        assert media(wire.url).rooms() == []


@pytest.mark.parametrize("id_", ["Алгебра & 8Б", "a+b c", "~x'(1)*!%2F/?#", "学 习"])
def test_the_checksum_is_of_the_query_as_it_is_sent(id_: str) -> None:
    answers = {"getMeetingInfo": SUCCESS.format("<running>true</running>")}
    with serving(signed("sha256", answers)) as wire:
        assert media(wire.url).exists(id_)
    assert len(wire.asked) == 1
    assert wire.asked[0].query["meetingID"] == id_


def test_an_older_server_without_a_chat_call_is_told_as_such() -> None:
    with (
        serving(signed("sha256", {"getMeetings": NONE})) as wire,
        pytest.raises(PlatformError, match=r"takes BigBlueButton 3\.0 or newer") as caught,
    ):
        media(wire.url).message("alg-8b", "Five minutes")
    assert caught.value.code == "unsupportedRequest"


def test_a_chat_message_is_a_get_and_is_sent_once() -> None:
    settling = signed("sha256", {"getMeetings": NONE})
    with (
        serving(lambda asked: b"" if asked.call == "sendChatMessage" else settling(asked)) as wire,
        pytest.raises(PlatformError) as caught,
    ):
        media(wire.url).message("alg-8b", "Five minutes")
    asked = [one for one in wire.asked if one.call == "sendChatMessage"]
    assert [one.method for one in asked] == ["GET"]
    assert caught.value.unsure


def test_ending_is_done_only_when_the_room_is_no_longer_there() -> None:
    answers = {
        "getMeetings": NONE,
        "end": SUCCESS.format("<messageKey>sentEndMeetingRequest</messageKey>"),
        "getMeetingInfo": SUCCESS.format("<running>false</running>"),
    }
    with serving(signed("sha256", answers)) as wire:
        adapter = media(wire.url)
        adapter.end("alg-8b")
        assert adapter.exists("alg-8b")  # asked for, not yet done
        answers["end"] = FAILED.format("<messageKey>notFound</messageKey>")
        answers["getMeetingInfo"] = answers["end"]
        assert not adapter.exists("alg-8b")
        with pytest.raises(PlatformError, match="may have ended already"):
            adapter.end("alg-8b")


@pytest.mark.parametrize("time", ["0", "-1", "", "99999999999999999999", "9" * 4000, "soon"])
def test_a_time_that_cannot_be_one_does_not_stop_the_count(time: str) -> None:
    meeting = f"<meetingID>a</meetingID><participantCount>3</participantCount><createTime>{time}"
    body = SUCCESS.format(f"<meetings><meeting>{meeting}</createTime></meeting></meetings>")
    (room,) = media("http://127.0.0.1:1").parse(body.encode())
    assert (room.participants, room.created_at) == (3, None)


def test_no_meetings_is_a_success_also_without_an_empty_list() -> None:
    body = SUCCESS.format("<messageKey>noMeetings</messageKey>")
    with serving(signed("sha256", {"getMeetings": body})) as wire:
        assert media(wire.url).rooms() == []
    assert media("http://127.0.0.1:1").parse(body.encode()) == []


@pytest.mark.parametrize(
    ("printed", "counted"),
    [
        ("1,234", 1234),
        ("12,345,678", 12345678),
        ("999", 999),
        ("0", 0),
        ("", None),
        ("1.5", None),
        ("1,2", None),
    ],
)
def test_counts_are_read_with_their_separators(printed: str, counted: int | None) -> None:
    meeting = f"<meetingID>a</meetingID><participantCount>{printed}</participantCount>"
    body = SUCCESS.format(f"<meetings><meeting>{meeting}</meeting></meetings>")
    (room,) = media("http://127.0.0.1:1").parse(body.encode())
    assert room.participants == counted


def test_a_refusal_in_a_sentence_is_no_code() -> None:
    said = FAILED.format(f"<errors><error>bad secret {SECRET}</error></errors>")
    with pytest.raises(PlatformError, match="refused: error") as caught:
        media("http://127.0.0.1:1").parse(said.encode())
    assert SECRET not in repr(caught.value.params)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 T", "308 P"])
def test_a_redirect_is_followed_by_nobody_and_its_target_is_told_to_nobody(
    status: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(as_json([])) as thief:
        moved = f"Location: {thief.url}/?wstoken={TOKEN}&checksum={SECRET}\r\n"
        with serving(reply("", status=status, more=moved)) as wire:
            lms, server = moodle(wire.url), media(wire.url)
            said = ""
            calls: list[Callable[[], object]] = [
                lms.courses,
                lambda: lms.lift("5", ""),
                server.rooms,
            ]
            for call in calls:
                with pytest.raises(PlatformError, match="to another address") as caught:
                    call()
                said += str(caught.value) + repr(caught.value) + repr(caught.value.params)
    assert thief.asked == []
    for secret in (TOKEN, SECRET, thief.url):
        assert secret not in said + caplog.text
    assert len(wire.asked) == 3


ANSWERS = {
    "lost": b"",
    "html": reply("<html>"),
    "no page": reply("", status="404 Not Found"),
    "error": reply("", status="500 Oops"),
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{",
    "broken header": b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\nnope",
    "not http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "bad gzip": reply("not packed", more="Content-Encoding: gzip\r\n"),
    "bad length": b"HTTP/1.1 200 OK\r\nContent-Length: -x\r\n\r\nnope",
    "refused": reply(FAILED.format("<messageKey>checksumError</messageKey>")),
    "no token": as_json({"exception": "x", "errorcode": "invalidtoken", "message": TOKEN}),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_no_answer_brings_a_secret_into_words_or_logs(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(answer) as wire:
        lms, server = moodle(wire.url), media(wire.url)
        said = repr(lms) + repr(vars(lms)) + repr(server) + repr(vars(server))
        calls: list[Callable[[], object]] = [
            lambda: lms.lift("5", ""),
            lambda: server.message("alg-8b", "x"),
        ]
        for call in calls:
            with pytest.raises(PlatformError) as caught:
                call()
            error = caught.value
            said += f"{error} {error!r} {error.params} {error.code}"
            assert error.__suppress_context__ or error.__context__ is None
        said += repr(lms.check()) + repr(server.check())
    signed_with = {asked.query.get("checksum", "none") for asked in wire.asked}
    for secret in {TOKEN, SECRET, *signed_with} - {"none"}:
        assert secret not in said
        assert secret not in caplog.text
