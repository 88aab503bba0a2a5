"""The campus's Moodle answers as Moodle does, its errors and traps included."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.campus import Campus, opened
from tests.patience import PATIENCE, within


@pytest.fixture(scope="module")
def campus() -> Iterator[Campus]:
    with opened() as running:
        yield running


def pupil(campus: Campus, place: int = 0) -> dict[str, Any]:
    people: list[dict[str, Any]] = campus.control("/people").json()
    return [person for person in people if person["role"] == "student"][place]


def course_of(campus: Campus, person: dict[str, Any]) -> int:
    for course in range(11, 27):
        enrolled = campus.moodle("core_enrol_get_enrolled_users", courseid=course)
        if person["id"] in [user["id"] for user in enrolled]:
            return course
    raise AssertionError("every pupil is in a course")


def say(campus: Campus, person: dict[str, Any], text: str) -> dict[str, int]:
    wish = {"username": person["username"], "course": course_of(campus, person), "text": text}
    answer = requests.post(campus.addresses["control"] + "/say", json=wish, timeout=60)
    written: dict[str, int] = answer.json()
    return written


def posts(campus: Campus, discussion: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = campus.moodle(
        "mod_forum_get_discussion_posts", discussionid=discussion
    )["posts"]
    return found


def test_the_site_says_who_asks_and_what_may_be_called(campus: Campus) -> None:
    info = campus.moodle("core_webservice_get_site_info")
    assert info["release"].startswith("4.5")
    assert info["username"] == "pult"
    assert "core_user_update_users" in [function["name"] for function in info["functions"]]


def test_the_default_format_is_xml(campus: Campus) -> None:
    url = campus.addresses["moodle"]["url"] + "/webservice/rest/server.php"
    form = {"wstoken": "wrong", "wsfunction": "core_webservice_get_site_info"}
    answer = requests.post(url, data=form, timeout=60)
    assert "<ERRORCODE>invalidtoken</ERRORCODE>" in answer.text


@pytest.mark.parametrize(
    ("function", "parameters", "code"),
    [
        ("core_no_such_function", {}, "invalidrecord"),
        ("core_user_create_users", {}, "accessexception"),
        ("core_enrol_get_enrolled_users", {"courseid": 999}, "invalidrecord"),
        ("core_enrol_get_enrolled_users", {"courseid": "x"}, "invalidparameter"),
        ("core_enrol_get_enrolled_users", {}, "invalidparameter"),
        ("core_webservice_get_site_info", {"extra": 1}, "invalidparameter"),
        ("mod_forum_delete_post", {"postid": 1}, "invalidpostid"),
    ],
)
def test_errors_come_with_200_and_an_errorcode(
    campus: Campus, function: str, parameters: dict[str, Any], code: str
) -> None:
    answer = campus.rest(function, **parameters)
    assert answer.status_code == 200
    assert answer.json()["errorcode"] == code


def test_an_unknown_discussion_has_no_errorcode(campus: Campus) -> None:
    answer = campus.moodle("mod_forum_get_discussion_posts", discussionid=99999)
    assert answer["exception"] == "Error"
    assert "errorcode" not in answer


def test_users_are_found_by_wildcard_and_a_strange_key_finds_all(campus: Campus) -> None:
    found = campus.moodle(
        "core_user_get_users",
        **{"criteria.0.key": "email", "criteria.0.value": "%@teachers.school14.test"},
    )
    assert 0 < len(found["users"]) < 64
    strange = campus.moodle(
        "core_user_get_users", **{"criteria.0.key": "shoe", "criteria.0.value": "42"}
    )
    assert len(strange["users"]) == 643
    assert strange["warnings"][0]["item"] == "shoe"


def test_enrolled_users_page_without_a_total(campus: Campus) -> None:
    whole = campus.moodle("core_enrol_get_enrolled_users", courseid=11)
    page = campus.moodle(
        "core_enrol_get_enrolled_users",
        courseid=11,
        **{
            "options.0.name": "limitfrom",
            "options.0.value": 10,
            "options.1.name": "limitnumber",
            "options.1.value": 5,
            "options.2.name": "userfields",
            "options.2.value": "fullname,roles",
        },
    )
    assert [user["id"] for user in page] == [user["id"] for user in whole[10:15]]
    assert set(page[0]) == {"id", "fullname", "roles"}


def test_discussions_page_and_name_their_first_post(campus: Campus) -> None:
    whole = campus.moodle("mod_forum_get_forum_discussions", forumid=51)["discussions"]
    page = campus.moodle("mod_forum_get_forum_discussions", forumid=51, page=1, perpage=1)
    assert [item["discussion"] for item in page["discussions"]] == [whole[1]["discussion"]]
    found = posts(campus, whole[0]["discussion"])
    assert found[-1]["id"] == whole[0]["id"]
    assert not found[-1]["hasparent"]
    written = [post["timecreated"] for post in found]
    assert written == sorted(written, reverse=True)


def test_forums_need_explicit_course_ids(campus: Campus) -> None:
    assert campus.moodle("mod_forum_get_forums_by_courses") == []
    forums = campus.moodle("mod_forum_get_forums_by_courses", **{"courseids.0": 12})
    assert [forum["course"] for forum in forums] == [12]


def test_an_edited_post_reads_back_and_an_empty_text_changes_nothing(campus: Campus) -> None:
    written = say(campus, pupil(campus), "Ну ты и <b>балбес</b>")
    change = {"postid": written["post"], "subject": "Removed", "message": "<p>Removed.</p>"}
    assert campus.moodle("mod_forum_update_discussion_post", **change)["status"] is True
    campus.moodle("mod_forum_update_discussion_post", postid=written["post"], message="")
    post = next(one for one in posts(campus, written["discussion"]) if one["id"] == written["post"])
    assert (post["subject"], post["message"]) == ("Removed", "<p>Removed.</p>")


def test_a_suspended_participant_cannot_post_any_more(campus: Campus) -> None:
    person = pupil(campus, 1)
    written = say(campus, person, "Спасибо!")
    token = campus.login(person["username"], person["password"])["token"]
    answer = {"postid": written["post"], "subject": "Re", "message": "<p>Ещё</p>"}
    assert campus.moodle("mod_forum_add_discussion_post", token, **answer)["postid"]
    block = {"users.0.id": person["id"], "users.0.suspended": 1}
    assert campus.moodle("core_user_update_users", **block) == {"warnings": []}
    refused = campus.moodle("mod_forum_add_discussion_post", token, **answer)
    assert refused["errorcode"] == "wsaccessusersuspended"
    assert campus.login(person["username"], person["password"])["errorcode"] == "invalidlogin"
    campus.moodle("core_user_update_users", **{**block, "users.0.suspended": 0})
    assert campus.moodle("mod_forum_add_discussion_post", token, **answer)["postid"]


def test_a_participant_changes_nobody_else(campus: Campus) -> None:
    person, other = pupil(campus, 2), pupil(campus, 3)
    token = campus.login(person["username"], person["password"])["token"]
    written = say(campus, other, "Hello")
    refused = campus.moodle("mod_forum_delete_post", token, postid=written["post"])
    assert refused["errorcode"] == "cannotdeletepost"
    everybody = {"criteria.0.key": "email", "criteria.0.value": "%"}
    assert (
        campus.moodle("core_user_get_users", token, **everybody)["errorcode"] == "accessexception"
    )


def test_admins_guests_and_strangers_are_skipped_with_a_warning(campus: Campus) -> None:
    users = {f"users.{place}.id": number for place, number in enumerate((1, 2, 99999))}
    flags = {f"users.{place}.suspended": 1 for place in range(3)}
    warnings = campus.moodle("core_user_update_users", **users, **flags)["warnings"]
    codes = [warning["warningcode"] for warning in warnings]
    assert codes == ["usernotupdatedguest", "usernotupdatedadmin", "invaliduserid"]


def test_messages_fail_one_by_one_and_a_stranger_breaks_the_call(campus: Campus) -> None:
    long = {"messages.0.touserid": 200, "messages.0.text": "я" * 2100}
    assert campus.moodle("core_message_send_instant_messages", **long)[0]["msgid"] == -1
    good = {"messages.0.touserid": 200, "messages.0.text": "Hello"}
    assert campus.moodle("core_message_send_instant_messages", **good)[0]["msgid"] > 0
    mixed = {**good, "messages.1.touserid": 99999, "messages.1.text": "Hello"}
    answer = campus.moodle("core_message_send_instant_messages", **mixed)
    assert answer["errorcode"] == "formatnotsupported"


def test_parameters_past_a_thousand_vanish_silently(campus: Campus) -> None:
    ids = {f"values.{place}": 101 + place % 600 for place in range(1500)}
    found = campus.moodle("core_user_get_users_by_field", field="id", **ids)
    assert len(found) == 600
    ids = {f"values.{place}": 1 if place < 996 else 150 for place in range(1500)}
    found = campus.moodle("core_user_get_users_by_field", field="id", **ids)
    assert [user["id"] for user in found] == [1]


def test_too_large_a_body_loses_even_its_token(campus: Campus) -> None:
    answer = campus.rest("core_webservice_get_site_info", filler="x" * 8_500_000)
    assert answer.status_code == 200
    assert "missingparam" in answer.text


def test_another_host_is_redirected_with_the_token_in_the_open(campus: Campus) -> None:
    url = campus.addresses["moodle"]["url"].replace("127.0.0.1", "localhost")
    answer = requests.post(
        url + "/webservice/rest/server.php",
        data={"wstoken": "secret"},
        timeout=60,
        allow_redirects=False,
    )
    assert answer.status_code == 303
    assert "wstoken=secret" in answer.headers["Location"]


@pytest.mark.parametrize(
    ("trap", "status", "word"),
    [
        ("moodle-maintenance", 503, "<html>"),
        ("moodle-off", 403, ""),
        ("moodle-database-down", 200, "dbconnectionfailed"),
        ("moodle-html", 200, "<html>"),
    ],
)
def test_obstacles_are_switched_on_and_off(
    campus: Campus, trap: str, status: int, word: str
) -> None:
    with campus.trap(trap):
        answer = campus.rest("core_webservice_get_site_info")
        assert answer.status_code == status
        assert word in answer.text
    assert "errorcode" not in campus.moodle("core_webservice_get_site_info")


def test_any_error_can_be_had_of_one_function(campus: Campus) -> None:
    with campus.trap("moodle-error", function="core_course_get_courses", errorcode="nopermissions"):
        assert campus.moodle("core_course_get_courses")["errorcode"] == "nopermissions"
        assert "errorcode" not in campus.moodle("core_webservice_get_site_info")


def test_older_moodles_answer_null_to_an_update(campus: Campus) -> None:
    with campus.trap("moodle-updates-null"):
        wish = {"users.0.id": 2, "users.0.suspended": 1}
        assert campus.moodle("core_user_update_users", **wish) is None


def test_an_expired_token_is_refused_and_then_gone() -> None:
    with opened() as campus:
        with campus.trap("moodle-expired-token"):
            first = campus.moodle("core_webservice_get_site_info")
        second = campus.moodle("core_webservice_get_site_info")
    assert (first["errorcode"], second["errorcode"]) == ("accessexception", "invalidtoken")


def test_a_console_can_lock_itself_out() -> None:
    with opened() as campus:
        campus.moodle("core_user_update_users", **{"users.0.id": 3, "users.0.suspended": 1})
        answer = campus.moodle("core_webservice_get_site_info")
    assert answer["errorcode"] == "wsaccessusersuspended"


def test_moodle_counts_a_meeting_without_its_moderators(campus: Campus) -> None:
    info = campus.moodle("mod_bigbluebuttonbn_meeting_info", bigbluebuttonbnid=1)
    there = campus.bigbluebutton(0, "getMeetingInfo", meetingID=info["meetingid"])
    assert info["participantcount"] == int(there.findtext("participantCount", "")) - 1


def test_new_posts_arrive_and_a_storm_brings_insults(campus: Campus) -> None:
    def count() -> int:
        forums = campus.moodle(
            "mod_forum_get_forums_by_courses", **{f"courseids.{n}": 11 + n for n in range(16)}
        )
        return sum(
            1 + item["numreplies"]
            for forum in forums
            for item in campus.moodle("mod_forum_get_forum_discussions", forumid=forum["id"])[
                "discussions"
            ]
        )

    before = count()
    with campus.scene("insult-storm", seconds=0.2):
        assert within(PATIENCE, lambda: count() >= before + 5)


def test_courses_are_found_whole_by_id_and_by_field(campus: Campus) -> None:
    assert len(campus.moodle("core_course_get_courses")) == 17
    one = campus.moodle("core_course_get_courses", **{"options.ids.0": 12})
    assert [course["id"] for course in one] == [12]
    unknown = campus.moodle("core_course_get_courses", **{"options.ids.0": 999})
    assert unknown["errorcode"] == "invalidrecord"
    found = campus.moodle("core_course_get_courses_by_field", field="ids", value="11,13,999")
    assert [course["id"] for course in found["courses"]] == [11, 13]
    refused = campus.moodle("core_course_get_courses_by_field", field="shoe", value="42")
    assert refused["errorcode"] == "invalidparameter"


def test_without_a_capability_a_list_is_just_empty(campus: Campus) -> None:
    with campus.trap("moodle-empty-lists"):
        assert campus.moodle("core_enrol_get_enrolled_users", courseid=11) == []
