"""Moodle's error answers, byte by byte, each become a sentence that says what to do."""

from dataclasses import dataclass

import pytest

from platforms.base import PlatformError
from platforms.moodle import Moodle
from tests.wire import Answer, as_json, reply, serving

TOKEN = "c0ffee5ec2e7"
MAINTENANCE = "<!DOCTYPE html><html><body>This site is undergoing maintenance</body></html>"


def refusal(errorcode: str, kind: str = "core\\exception\\moodle_exception") -> bytes:
    return as_json({"exception": kind, "errorcode": errorcode, "message": f"x {TOKEN}"})


@dataclass(frozen=True)
class Case:
    fact: str
    answer: bytes
    said: str
    permanent: bool = True
    code: str = ""


CASES = [
    Case("bad token", refusal("invalidtoken"), "does not know the token", code="invalidtoken"),
    Case(
        "class names differ by version",
        refusal("invalidtoken", "moodle_exception"),
        "does not know the token",
    ),
    Case("function not in the service", refusal("accessexception"), "Add the function to"),
    Case("the token's owner is suspended", refusal("wsaccessusersuspended"), "is suspended"),
    Case("unknown function or course", refusal("invalidrecord", "dml_x"), "does not have what"),
    Case("a bad or an extra parameter", refusal("invalidparameter"), "does not understand how"),
    Case("no capability", refusal("nopermissions"), "may not do this"),
    Case("no capability, as a login", refusal("requireloginerror"), "may not do this"),
    Case("no capability, as a context", refusal("errorcoursecontextnotvalid"), "may not do this"),
    Case(
        "maintenance",
        reply(MAINTENANCE, status="503 Service Unavailable"),
        "is under maintenance. Pult will ask again",
        permanent=False,
    ),
    Case("web services or REST off", reply("", status="403 Forbidden"), "switched off"),
    Case(
        "database down",
        as_json({"error": "Database connection failed", "errorcode": "dbconnectionfailed"}),
        "does not reach its own database",
        permanent=False,
    ),
    Case(
        "a database read that failed",
        refusal("dmlreadexception"),
        "refused core_course_get_courses: dmlreadexception",
        permanent=False,
    ),
    Case("over post_max_size", refusal("missingparam"), "over the site's post_max_size"),
    Case(
        "answers in the way of upload.php",
        as_json({"error": "Invalid token", "errorcode": "invalidtoken", "stacktrace": None}),
        "does not know the token",
    ),
    Case(
        "an exception without an errorcode",
        as_json({"exception": "Error", "message": "Call to a member function on bool"}),
        "failed inside core_course_get_courses",
    ),
    Case("an errorcode nobody told us of", refusal("strangecode"), "strangecode. Tell its"),
    Case(
        "a Host that differs from wwwroot",
        reply(
            "",
            status="303 See Other",
            more=f"Location: https://x.test/webservice?wstoken={TOKEN}\r\n",
        ),
        "sends Pult to another address",
        code="redirect",
    ),
    Case("HTML where JSON is due", reply(MAINTENANCE), "something that is not Moodle's data"),
    Case("PHP's notice before the JSON", reply("<br />Notice: x[]"), "not Moodle's data"),
    Case("XML where JSON is due", reply("<?xml version='1.0'?><RESPONSE/>"), "not Moodle's data"),
    Case("JSON nested past reading", reply("[" * 200_000), "not Moodle's data"),
    Case("another shape of JSON", as_json({"courses": []}), "not Moodle's data"),
    Case("nothing at all", reply(""), "not Moodle's data"),
    Case("no such page", reply("Not found", status="404 Not Found"), "There is no Moodle at"),
    Case("too many requests", reply("", status="429 Too Many"), "status 429", permanent=False),
    Case("a broken server", reply("", status="500 Oops"), "status 500", permanent=False),
    Case("an empty list for no capability", as_json([]), "empty list, as it does when"),
]


def moodle(url: str) -> Moodle:
    return Moodle(url, TOKEN, {"loopback_only": "1"})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fact)
def test_an_error_answer_is_a_sentence(case: Case) -> None:
    with serving(case.answer) as wire, pytest.raises(PlatformError) as caught:
        moodle(wire.url).courses()
    error = caught.value
    assert case.said in str(error)
    assert error.permanent is case.permanent
    assert TOKEN not in str(error)
    if case.code:
        assert error.code == case.code


@pytest.mark.parametrize("case", CASES[:-1], ids=lambda case: case.fact)
def test_check_says_the_same_and_never_raises(case: Case) -> None:
    with serving(case.answer) as wire:
        health = moodle(wire.url).check()
    said = health.problem.format(**health.params)
    assert case.said.split(" core_")[0] in said or "core_webservice_get_site_info" in said
    assert TOKEN not in said


@pytest.mark.parametrize(
    "answer",
    [b"", reply("<html>"), reply("", status="502 Bad Gateway")],
    ids=["lost", "unreadable", "bad gateway"],
)
def test_a_change_whose_answer_is_lost_is_unsure(answer: Answer) -> None:
    with serving(answer) as wire, pytest.raises(PlatformError) as caught:
        moodle(wire.url).lift("7", "")
    assert caught.value.unsure
    assert len(wire.asked) == 1


def test_a_change_that_was_refused_is_not_unsure() -> None:
    with serving(refusal("nopermissions")) as wire, pytest.raises(PlatformError) as caught:
        moodle(wire.url).lift("7", "")
    assert not caught.value.unsure
