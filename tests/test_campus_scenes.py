"""Scenes are seen on the wire within two seconds; the process is a well-behaved one."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from platforms.campus import switches
from tests.campus import HOUSE, Campus, opened
from tests.patience import PATIENCE, within


@pytest.fixture(scope="module")
def campus() -> Iterator[Campus]:
    with opened() as running:
        yield running


def seats(campus: Campus, server: int) -> dict[str, tuple[int, int, int]]:
    """Participants, moderators and seats by meeting."""
    names = ("participantCount", "moderatorCount", "maxUsers")
    return {
        meeting.findtext("meetingID", ""): (
            int(meeting.findtext(names[0], "")),
            int(meeting.findtext(names[1], "")),
            int(meeting.findtext(names[2], "")),
        )
        for meeting in campus.bigbluebutton(server, "getMeetings").iter("meeting")
    }


def answers(campus: Campus, server: int) -> bool:
    try:
        campus.bigbluebutton(server, "getMeetings")
    except requests.ConnectionError:
        return False
    return True


def test_a_rush_is_seen_at_once_and_fills_rooms_within_seconds(campus: Campus) -> None:
    before = seats(campus, 1)["b-02"][0]
    with campus.scene("rush"):
        assert within(PATIENCE, lambda: seats(campus, 1)["b-02"][0] > before)
        assert within(PATIENCE, lambda: seats(campus, 1)["b-02"][0] == 60)
        assert seats(campus, 0)["a-01"][0] == 30
        everywhere = [room for server in range(3) for room in seats(campus, server).values()]
        assert all(participants <= limit for participants, _, limit in everywhere)
    assert within(PATIENCE, lambda: seats(campus, 1)["b-02"][0] <= before)


def test_a_server_that_is_down_refuses_and_comes_back_on_its_port(campus: Campus) -> None:
    kept = requests.Session()
    kept.get(campus.signed(1, "getMeetings"), timeout=60)
    with campus.scene("server-down"):
        assert within(PATIENCE, lambda: not answers(campus, 1))
        with pytest.raises(requests.ConnectionError):
            kept.get(campus.signed(1, "getMeetings"), timeout=60)
        assert answers(campus, 0)
        campus.turn("scenes", "server-down", True, server="c")
        assert within(PATIENCE, lambda: answers(campus, 1) and not answers(campus, 2))
        campus.turn("scenes", "server-down", True, server="b")
    assert within(PATIENCE, lambda: answers(campus, 1) and answers(campus, 2))


def test_a_slow_lms_takes_its_time(campus: Campus) -> None:
    def took() -> float:
        began = time.monotonic()
        campus.moodle("core_webservice_get_site_info")
        return time.monotonic() - began

    with campus.scene("slow-lms", seconds=1.5):
        assert took() >= 1.5
    assert min(took() for _ in range(20)) < 1.5


def test_a_lesson_can_be_without_its_teacher(campus: Campus) -> None:
    assert seats(campus, 0)["a-01"][1] == 1
    with campus.scene("teacher-missing"):
        assert seats(campus, 0)["a-01"][1] == 0
        assert seats(campus, 0)["a-01"][0] > 0
    assert seats(campus, 0)["a-01"][1] == 1


def test_all_scenes_are_listed_with_what_they_do(campus: Campus) -> None:
    scenes = campus.control("/scenes").json()
    assert [scene["name"] for scene in scenes] == list(switches.scenes())
    assert all(scene["explains"] and scene["on"] is False for scene in scenes)


@pytest.mark.parametrize(
    ("path", "wish", "status"),
    [
        ("/scenes/earthquake", {"on": True}, 404),
        ("/scenes/rush", {"on": "yes"}, 400),
        ("/scenes/rush", {"on": True, "colour": "red"}, 400),
        ("/scenes/rush", {}, 400),
        ("/scenes/slow-lms", {"on": True, "seconds": "soon"}, 400),
        ("/scenes/server-down", {"on": True, "server": "z"}, 400),
        ("/scenes/relay-refuses", {"on": True, "code": 250}, 400),
        ("/say", {"username": "nobody", "course": 11, "text": "x"}, 400),
    ],
)
def test_a_wrong_wish_is_refused_with_a_sentence(
    campus: Campus, path: str, wish: dict[str, object], status: int
) -> None:
    answer = requests.post(campus.addresses["control"] + path, json=wish, timeout=60)
    assert answer.status_code == status
    assert answer.text
    assert not any(scene["on"] for scene in campus.control("/scenes").json())


@pytest.mark.parametrize("headers", [{"Host": "evil.test"}, {"Origin": "http://evil.test"}])
@pytest.mark.parametrize("port", ["control", "mailbox"])
def test_a_strange_web_page_cannot_reach_it(
    campus: Campus, headers: dict[str, str], port: str
) -> None:
    url = campus.addresses[port]
    wish = requests.post(f"{url}/scenes/rush", json={"on": True}, headers=headers, timeout=60)
    look = requests.get(url + "/", headers=headers, timeout=60)
    assert (wish.status_code, look.status_code) == (403, 403)


def test_scenes_can_be_on_from_the_start_and_time_can_run() -> None:
    with opened("--scene", "rush", "--scene", "slow-lms", "--speed", "60", "--seed", "3") as campus:
        on = [scene["name"] for scene in campus.control("/scenes").json() if scene["on"]]
        assert on == ["rush", "slow-lms"]
        first = campus.control("/clock").json()
        assert first["speed"] == 60
        before = set().union(*(seats(campus, server) for server in range(3)))
        assert within(
            PATIENCE, lambda: bool(set().union(*(seats(campus, n) for n in range(3))) - before)
        )


def test_it_ends_with_its_parent_and_at_sigterm() -> None:
    with opened() as campus:
        campus.process.send_signal(signal.SIGTERM)
        assert campus.process.wait(60) == 0
    with opened() as campus:
        assert campus.process.stdin
        campus.process.stdin.close()
        assert campus.process.wait(60) == 0


def test_a_port_that_is_taken_is_said_in_a_sentence(campus: Campus) -> None:
    taken = campus.addresses["moodle"]["url"].rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "platforms.campus", "--port", taken],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Choose another --port" in done.stderr
    assert "Traceback" not in done.stderr
