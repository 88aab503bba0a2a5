"""Is Pult offline, or are the services? What its witnesses show."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from probes import line
from probes.judge import Standing
from probes.line import Line, Witnesses
from probes.model import Module, Result, State, Target
from tests.conftest import NOON

SECOND = timedelta(seconds=1)
OK, DOWN = State.OK, State.DOWN


def target(name: str, address: str, module: Module | None = None) -> Target:
    return Target(name, "s", name, "http", address, module or {})


def school(*hosts: str) -> dict[str, Target]:
    return {host: target(host, f"https://{host}/login") for host in hosts}


PUBLIC = ("lms.school.example", "bbb.school.example", "turn.school.example")


class Sky:
    """Who stands how, and since when."""

    def __init__(self, targets: dict[str, Target]) -> None:
        self.targets = targets
        self.witnesses = line.witnesses(targets.values(), {})
        self.results: dict[str, Result] = {}
        self.standings: dict[str, Standing] = {}
        self.line = Line()

    def say(self, name: str, state: State, at: datetime, since: datetime | None = None) -> None:
        failures = 2 if state is DOWN else 0
        self.results[name] = Result(name, at, state, since=since or at)
        self.standings[name] = Standing(state, since or at, failures, 0)

    def look(self, now: datetime) -> Line:
        self.line = line.look(self.line, self.witnesses, self.results, self.standings, now=now)
        return self.line


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://LMS.school.example:8443/a", "lms.school.example"),
        ("turn.school.example:3478", "turn.school.example"),
        ("[2001:db8::1]:25", "2001:db8::1"),
        ("", ""),
        ("http://[broken", ""),
        ("https://школа.рф/вход", "xn--80atdl2c.xn--p1ai"),
        ("XN--80ATDL2C.xn--p1ai.:25", "xn--80atdl2c.xn--p1ai"),
    ],
)
def test_a_target_stands_on_the_host_of_its_address(address: str, host: str) -> None:
    assert line.host(target("t", address), {}) == host


def test_a_meter_stands_on_the_host_of_its_connection() -> None:
    meter = replace(target("t", ""), connection_id="bbb")
    assert line.host(meter, {"bbb": "https://bbb.school.example/api"}) == "bbb.school.example"


def test_this_machine_is_no_witness_and_needs_no_line() -> None:
    known = school(*PUBLIC, "127.0.0.1", "localhost")
    known["v6"] = target("v6", "[::1]:25")
    seen = line.witnesses(known.values(), {})
    assert set(seen.hosts) == set(PUBLIC)
    assert seen.outside == set(PUBLIC)


def test_the_house_s_own_network_is_asked_only_where_there_is_nothing_further() -> None:
    inside = ("10.0.0.1", "10.0.0.2", "moodle")
    assert set(line.witnesses(school(*inside).values(), {}).hosts) == set(inside)
    assert set(line.witnesses(school(*inside, *PUBLIC).values(), {}).hosts) == set(PUBLIC)


def test_two_hosts_say_nothing_of_the_line() -> None:
    sky = Sky(school(*PUBLIC[:2]))
    for name in PUBLIC[:2]:
        sky.say(name, DOWN, NOON)
    assert sky.witnesses.hosts == {}
    assert sky.look(NOON + 60 * SECOND) == Line()


def test_when_all_fail_at_once_it_is_the_line_and_one_answer_shows_that_it_works() -> None:
    sky = Sky(school(*PUBLIC))
    for name in PUBLIC:
        sky.say(name, OK, NOON)
    for second, name in enumerate(PUBLIC, start=1):
        assert sky.look(NOON + second * SECOND) == Line()
        sky.say(name, DOWN, NOON + second * SECOND)
    assert sky.look(NOON + 4 * SECOND) == Line(NOON + SECOND, 3)
    sky.say(PUBLIC[1], OK, NOON + 60 * SECOND)
    assert sky.look(NOON + 60 * SECOND) == Line()


def test_what_failed_long_before_is_no_witness_of_the_line() -> None:
    sky = Sky(school(*PUBLIC))
    sky.say(PUBLIC[0], DOWN, NOON, since=NOON - timedelta(hours=1))
    for name in PUBLIC[1:]:
        sky.say(name, DOWN, NOON)
    assert sky.look(NOON + SECOND) == Line()


def test_a_failure_not_yet_confirmed_is_not_counted() -> None:
    sky = Sky(school(*PUBLIC))
    for name in PUBLIC:
        sky.say(name, DOWN, NOON)
    sky.standings[PUBLIC[0]] = Standing(State.SUSPECT, NOON, 1, 0)
    assert sky.look(NOON + SECOND) == Line()


def test_witnesses_that_never_speak_are_not_waited_for() -> None:
    names = tuple(f"host{n}.example" for n in range(10))
    sky = Sky(school(*names))
    for name in names:
        sky.say(name, OK, NOON)
    for name in names[:4]:
        sky.say(name, DOWN, NOON + SECOND)
    assert sky.look(NOON + 2 * SECOND) == Line()
    assert sky.look(NOON + SECOND + line.HOLD) == Line(NOON + SECOND, 4)


def test_one_in_ten_may_still_answer() -> None:
    names = tuple(f"host{n}.example" for n in range(10))
    sky = Sky(school(*names))
    for name in names[1:]:
        sky.say(name, DOWN, NOON)
    sky.say(names[0], OK, NOON + SECOND)
    assert sky.look(NOON + SECOND).hosts == 9
    sky.say(names[1], OK, NOON + SECOND)
    assert sky.look(NOON + SECOND) == Line()


def test_sentinels_alone_are_believed_wherever_they_stand() -> None:
    known = school(*PUBLIC)
    known["router"] = target("router", "127.0.0.1:80", {"sentinel": True})
    sky = Sky(known)
    for name in PUBLIC:
        sky.say(name, DOWN, NOON)
    sky.say("router", OK, NOON + SECOND)
    assert sky.look(NOON + 2 * SECOND) == Line()
    assert line.proven(sky.witnesses, sky.results, sky.standings, since=NOON)
    sky.say("router", DOWN, NOON + 9 * SECOND)
    assert sky.look(NOON + 9 * SECOND) == Line(NOON + 9 * SECOND, 1)
    assert sky.witnesses.outside == {*PUBLIC, "router"}


def test_sentinels_that_fail_alone_are_to_blame_themselves() -> None:
    known = school(*PUBLIC)
    known["router"] = target("router", "192.168.1.1:80", {"sentinel": True})
    sky = Sky(known)
    for name in PUBLIC:
        sky.say(name, OK, NOON)
    sky.say("router", DOWN, NOON + SECOND)
    assert sky.look(NOON + 2 * SECOND) == Line()
    assert sky.look(NOON + SECOND + line.HOLD) == Line(NOON + SECOND, 1)  # nobody spoke since
    sky.say(PUBLIC[0], OK, NOON + 20 * SECOND)
    assert sky.look(NOON + 20 * SECOND) == Line()
    for name in PUBLIC:
        sky.say(name, DOWN, NOON + 30 * SECOND)
    assert sky.look(NOON + 31 * SECOND) == Line(NOON + SECOND, 1)


def test_what_stands_in_the_house_needs_no_line_unless_it_is_said_to() -> None:
    known = school(*PUBLIC, "192.168.1.5", "10.0.0.9", "moodle")
    assert line.witnesses(known.values(), {}).outside == set(PUBLIC)
    known["router"] = target("router", "192.168.1.1:80", {"sentinel": True})
    assert line.witnesses(known.values(), {}).outside == {*PUBLIC, "router"}


def test_an_answer_from_before_the_failure_proves_nothing() -> None:
    sky = Sky(school(*PUBLIC))
    for name in PUBLIC:
        sky.say(name, OK, NOON)
    asked = (sky.witnesses, sky.results, sky.standings)
    assert not line.proven(*asked, since=NOON + SECOND)
    assert line.proven(*asked, since=NOON)
    assert not line.proven(Witnesses(), {}, {}, since=NOON)
