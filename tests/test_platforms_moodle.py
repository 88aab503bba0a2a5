"""Moodle's traps that are no errors: pages, batches, pinned discussions, texts."""

from collections.abc import Callable

import pytest

from platforms.base import Material, Original, PlatformError
from platforms.http import Http
from platforms.moodle import Moodle, people
from platforms.moodle.calls import Calls, flat
from platforms.sentences import NOTICE
from platforms.texts import plain
from tests.wire import Asked, as_json, serving

HOUR = 3600
EVENING = 1773144000  # 2026-03-10 12:00 UTC


def moodle(url: str, **options: str) -> Moodle:
    return Moodle(url, "t0ken", {"loopback_only": "1", **options})


def answering(**answers: object) -> Callable[[Asked], bytes]:
    """Each function's answer, or a function of what it was asked."""

    def respond(asked: Asked) -> bytes:
        answer = answers[asked.call]
        return as_json(answer(asked.form) if callable(answer) else answer)

    return respond


def post(
    id_: int, *, parent: int = 0, created: int = EVENING, message: str = "<p>x</p>"
) -> dict[str, object]:
    return {
        "id": id_,
        "discussionid": 7,
        "subject": "Homework",
        "message": message,
        "messageformat": 1,
        "author": {"id": 5, "fullname": "Maria"},
        "hasparent": bool(parent),
        "parentid": parent or None,
        "timecreated": created,
        "timemodified": created,
        "attachments": [{"filename": "plan.pdf"}],
    }


def test_parameters_are_written_as_php_reads_them() -> None:
    given = {"users": [{"id": "7", "suspended": True}], "note": "ü & x"}
    assert dict(flat(given)) == {
        "users[0][id]": "7",
        "users[0][suspended]": "1",
        "note": "ü & x",
    }


def test_the_token_travels_in_the_body_and_json_is_asked_for() -> None:
    with serving(as_json([{"id": 2, "fullname": "A"}])) as wire:
        moodle(wire.url).courses()
    asked = wire.asked[0]
    assert asked.method == "POST"
    assert "t0ken" not in asked.target
    assert asked.form["wstoken"] == "t0ken"
    assert asked.form["moodlewsrestformat"] == "json"


def test_participants_are_read_page_by_page_until_one_comes_back_short() -> None:
    everyone = [{"id": n, "roles": [{"shortname": "student"}]} for n in range(1203)]

    def page(form: dict[str, str]) -> object:
        first = int(form["options[0][value]"])
        return everyone[first : first + int(form["options[1][value]"])]

    with serving(answering(core_enrol_get_enrolled_users=page)) as wire:
        assert len(list(moodle(wire.url).enrolments("10"))) == 1203
        assert [asked.form["options[0][value]"] for asked in wire.asked] == ["0", "500", "1000"]
        assert wire.asked[0].form["options[2][value]"] == "id,roles"


def test_no_call_has_a_thousand_parameters() -> None:
    def found(form: dict[str, str]) -> object:
        return [
            {"id": int(value), "suspended": False}
            for name, value in form.items()
            if name.startswith("values[")
        ]

    with serving(answering(core_user_get_users_by_field=found)) as wire:
        calls = Calls(Http(wire.url), "t0ken")
        assert len(people.suspended(calls, [str(n) for n in range(1, 1500)])) == 1499
        assert max(len(asked.form) for asked in wire.asked) < 1000


def test_teachers_are_told_from_students_by_any_of_their_roles() -> None:
    listed = [
        {"id": 1, "roles": [{"shortname": "student"}, {"shortname": "editingteacher"}]},
        {"id": 2, "roles": [{"shortname": "student"}]},
        {"id": 3, "roles": []},
    ]
    with serving(as_json(listed)) as wire:
        roles = [one.role for one in moodle(wire.url).enrolments("10")]
    assert roles == ["teacher", "student", "student"]


def test_the_sites_own_fields_name_level_and_role() -> None:
    user = {
        "id": 5,
        "username": "m",
        "fullname": "Maria",
        "email": "m@x.example",
        "lang": "ru",
        "lastaccess": 0,
        "customfields": [
            {"shortname": "rank", "value": "city"},
            {"shortname": "role", "value": "guardian"},
        ],
    }
    guest = {"id": 1, "username": "guest", "fullname": "Guest"}
    listed = {"users": [guest, user], "warnings": []}
    answers = answering(core_user_get_users=listed, core_webservice_get_site_info={"userid": 3})
    with serving(answers) as wire:
        (account,) = moodle(wire.url, level_field="rank").accounts()
    assert (account.level, account.role, account.last_seen) == ("city", "guardian", None)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("usernotupdatedadmin", "lets nobody suspend an administrator"),
        ("invaliduserid", "passed this account over"),
        ("usernotupdatedguest", "passed this account over"),
        ("somethingnew", "warns .somethingnew."),
    ],
)
def test_an_account_that_is_passed_over_is_an_error(code: str, said: str) -> None:
    answer = {"warnings": [{"item": "user", "itemid": 2, "warningcode": code, "message": "x"}]}
    with (
        serving(
            answering(core_webservice_get_site_info={"userid": 3}, core_user_update_users=answer)
        ) as wire,
        pytest.raises(PlatformError, match=said),
    ):
        moodle(wire.url).suspend("2")


def test_forums_are_asked_for_with_the_ids_of_all_courses() -> None:
    with serving(
        answering(
            core_course_get_courses=[{"id": 1, "format": "site"}, {"id": 10, "fullname": "A"}],
            mod_forum_get_forums_by_courses=[{"id": 3, "course": 10, "name": "Talk"}],
            mod_forum_get_forum_discussions={"discussions": []},
        )
    ) as wire:
        assert moodle(wire.url).comments(None) == []
        wire.asked.pop()
        form = wire.asked[-1].form
    assert (form["courseids[0]"], form["courseids[1]"]) == ("1", "10")


def test_a_pinned_old_discussion_does_not_hide_the_new_ones_behind_it() -> None:
    def discussion(id_: int, changed: int, *, pinned: bool = False) -> dict[str, object]:
        return {
            "id": 1000 + id_,  # the first post
            "discussion": id_,
            "name": "Homework",
            "created": changed,
            "timemodified": changed,
            "pinned": pinned,
        }

    listed = [
        discussion(7, EVENING - 9 * HOUR, pinned=True),
        discussion(8, EVENING),
        discussion(9, EVENING - 8 * HOUR),
    ]
    with serving(
        answering(
            core_course_get_courses=[{"id": 10, "fullname": "A"}],
            mod_forum_get_forums_by_courses=[{"id": 3, "course": 10, "name": "Talk"}],
            mod_forum_get_forum_discussions={"discussions": listed},
            mod_forum_get_discussion_posts={
                "posts": [post(2, parent=1), post(1, created=EVENING - HOUR)],
                "courseid": 10,
            },
        )
    ) as wire:
        adapter = moodle(wire.url)
        everything = adapter.comments(None)
        wire.asked.clear()
        found = adapter.comments(everything[-1].written_at)
        asked = [one.form for one in wire.asked if one.call == "mod_forum_get_discussion_posts"]
    assert [form["discussionid"] for form in asked] == ["8"]
    assert [(one.external_id, one.place, one.parent_id) for one in found] == [
        ("2", "Talk · Homework", "1")
    ]
    assert found[0].attachments == ("plan.pdf",)


def test_a_post_hidden_from_the_token_is_no_comment() -> None:
    hidden = post(3) | {"timecreated": None, "message": "not available"}
    deleted = post(4) | {"isdeleted": True}
    with serving(as_json({"posts": [hidden, deleted, post(1)], "courseid": 10})) as wire:
        assert [one.external_id for one in moodle(wire.url).thread("7")] == ["1"]


def test_removing_never_deletes_and_never_sends_an_empty_text() -> None:
    with serving(
        answering(
            mod_forum_get_discussion_post={"post": post(1, message="<p>rude</p>")},
            mod_forum_update_discussion_post={"status": True, "warnings": []},
        )
    ) as wire:
        original = moodle(wire.url).remove("1")
    assert original == Original("1", "Homework", "<p>rude</p>")
    assert [asked.call for asked in wire.asked] == [
        "mod_forum_get_discussion_post",
        "mod_forum_update_discussion_post",
    ]
    assert wire.asked[0].form["moodlewssettingraw"] == "1"
    assert NOTICE in wire.asked[1].form["message"]
    assert wire.asked[1].form["subject"]


def test_a_change_that_did_not_happen_is_an_error() -> None:
    with (
        serving(as_json({"status": False, "warnings": []})) as wire,
        pytest.raises(PlatformError, match="did not change the post"),
    ):
        moodle(wire.url).restore(Original("1", "Homework", "<p>x</p>"))


def test_messages_go_once_to_accounts_that_can_read_them() -> None:
    def sent(form: dict[str, str]) -> object:
        ids = [value for name, value in form.items() if name.endswith("[clientmsgid]")]
        return [{"msgid": -1 if id_ == "7" else 900, "clientmsgid": id_} for id_ in ids]

    users = [{"id": 5, "suspended": False}, {"id": 6, "suspended": True}, {"id": 7}]
    with serving(
        answering(core_user_get_users_by_field=users, core_message_send_instant_messages=sent)
    ) as wire:
        reached = moodle(wire.url).notify(["5", "6", "7", "8"], "Урок в 19:00")
    # suspended: Moodle would say yes; msgid -1: it says no; not there: it would throw
    assert reached == {"5": True, "6": False, "7": False, "8": False}
    assert "6" not in wire.asked[-1].form.values()


@pytest.mark.parametrize(
    "answer", [b"", as_json({"exception": "x", "errorcode": "formatnotsupported"})]
)
def test_messages_that_broke_off_are_unsure_and_not_repeated(answer: bytes) -> None:
    def respond(asked: Asked) -> bytes:
        users = as_json([{"id": 5, "suspended": False}])
        return users if asked.call == "core_user_get_users_by_field" else answer

    with serving(respond) as wire, pytest.raises(PlatformError) as caught:
        moodle(wire.url).notify(["5"], "x")
    assert caught.value.unsure
    assert [asked.call for asked in wire.asked].count("core_message_send_instant_messages") == 1


@pytest.mark.parametrize("text", ["", "я" * 2049])
def test_a_message_that_moodle_would_cut_is_refused(text: str) -> None:
    with serving(b"") as wire, pytest.raises(PlatformError, match="1 to 4096 bytes"):
        moodle(wire.url).notify(["5"], text)
    assert wire.asked == []


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\ntwo\nthree"),
        ("a &lt;b&gt; &amp; c&nbsp;d", "a <b> & c d"),
        ("<script>alert(1)</script><style>p{}</style>seen", "seen"),
        ("<p>cut <b>off", "cut off"),
        ('<img src=x onerror="alert(1)" alt="a cat"> here', "a cat here"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("line\nbroken   by\tspaces", "line broken by spaces"),
        ("<!-- hidden -->seen<![CDATA[x]]>", "seen"),
        ("плохо<script>", "плохо"),
        ("", ""),
    ],
)
def test_html_becomes_the_text_that_a_reader_sees(html: str, text: str) -> None:
    assert plain(html) == text


def test_what_stands_in_a_course_is_what_learners_see_to_read() -> None:
    modules = [
        {"id": 1, "name": "Sheet 1", "modname": "resource", "url": "https://lms.test/1"},
        {"id": 2, "name": "Forum", "modname": "forum", "url": "https://lms.test/2"},
        {"id": 3, "name": "Draft", "modname": "page", "visible": 0},
        {"id": 4, "name": "Film", "modname": "url", "url": "javascript:alert(1)"},
        "no module",
    ]
    hidden = [{"id": 9, "name": "Later", "modname": "page", "visible": 1}]
    sections = [{"modules": modules}, {"visible": 0, "modules": hidden}, {"modules": None}]
    with serving(answering(core_course_get_contents=sections)) as wire:
        found = moodle(wire.url).materials("7")
    assert found == [Material("1", "Sheet 1", "https://lms.test/1"), Material("4", "Film")]
    assert wire.asked[-1].form["courseid"] == "7"


def test_contents_that_are_none_are_a_platforms_fault() -> None:
    with (
        serving(answering(core_course_get_contents=[{"id": 1}])) as wire,
        pytest.raises(PlatformError),
    ):
        moodle(wire.url).materials("7")
