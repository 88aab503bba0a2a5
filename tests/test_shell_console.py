"""The console as its users start it: the guard, sign-in, set-up, health, supervision."""

import hashlib
import os
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from tests.running import START, Running, console
from tests.test_shell_children import lives, wait_for

NAME, PASSWORD = "Ana Orlova", "a good long password"
TOKEN = "a-long-token-for-metrics"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("console")
    with console(folder / "data", PULT_SERVER_METRICS_TOKEN=TOKEN) as started:
        yield started


@pytest.fixture(scope="module")
def school(running: Running) -> Running:
    """The console after its school has been set up with the code that it printed."""
    visitor = browser()
    answer = set_up(running, visitor, code(running))
    assert answer.status_code == 303, answer.text
    return running


def browser(language: str = "en") -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["Accept-Language"] = language
    return session


def code(running: Running) -> str:
    found = re.search(r"One-time code to set up your school: (\S+)", running.log.read_text())
    assert found
    return found[1]


def token(page: requests.Response) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def set_up(running: Running, visitor: requests.Session, given: str) -> requests.Response:
    form = {
        "way": "school", "code": given, "school": "School 7", "zone": "Europe/Moscow",
        "school_language": "ru", "name": NAME, "password": PASSWORD,
        "token": token(visitor.get(f"{running.url}/setup")),
    }  # fmt: skip
    return visitor.post(f"{running.url}/setup", data=form, allow_redirects=False)


def sign_in(
    running: Running, visitor: requests.Session, password: str = PASSWORD, **more: str
) -> requests.Response:
    form = {"name": NAME, "password": password, "token": token(visitor.get(f"{running.url}/login"))}
    return visitor.post(f"{running.url}/login", data={**form, **more}, allow_redirects=False)


def open_socket(running: Running, cookie: str, origin: str | None) -> int:
    """The status with which Streamlit's websocket answers a handshake."""
    host = running.url.removeprefix("http://")
    lines = [
        "GET /_stcore/stream HTTP/1.1", f"Host: {host}", "Connection: Upgrade",
        "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", f"Cookie: {cookie}",
    ]  # fmt: skip
    lines += [f"Origin: {origin}"] if origin else []
    address, port = host.split(":")
    with socket.create_connection((address, int(port)), timeout=60) as wire:
        wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return int(wire.recv(64).split()[1])


def test_a_fresh_console_leads_to_set_up_in_the_readers_language(running: Running) -> None:
    page = browser("zh-CN,en;q=0.5").get(running.url)
    assert page.url == f"{running.url}/setup"
    assert '<html lang="zh-Hans">' in page.text
    assert '<html lang="ru">' in browser().get(f"{running.url}/setup?language=ru").text


def test_every_part_is_alive(running: Running) -> None:
    health = requests.get(f"{running.url}/healthz", timeout=60).json()
    assert health["status"] == "ok"
    assert set(health["parts"]) == {"console", "prober", "worker", "public"}


def test_answers_carry_a_policy_that_keeps_pages_to_themselves(running: Running) -> None:
    headers = browser().get(f"{running.url}/setup").headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_without_the_code_nobody_sets_up_a_school(running: Running) -> None:
    answer = set_up(running, browser(), "WRONG-CODE")
    assert answer.status_code == 422
    assert "This is not the code" in answer.text


def test_a_form_without_its_token_is_not_taken(running: Running) -> None:
    visitor = browser()
    visitor.get(f"{running.url}/setup")
    answer = visitor.post(f"{running.url}/setup", data={"way": "campus"}, allow_redirects=False)
    assert answer.status_code == 403
    assert "pult_session" not in visitor.cookies


def test_a_form_posted_from_another_origin_is_not_taken(running: Running) -> None:
    visitor = browser()
    given = token(visitor.get(f"{running.url}/setup"))
    answer = visitor.post(
        f"{running.url}/setup",
        data={"way": "campus", "token": given},
        headers={"Origin": "https://elsewhere.example"},
    )
    assert answer.status_code == 403


def test_the_school_is_set_up_once(school: Running) -> None:
    answer = browser().get(f"{school.url}/setup", allow_redirects=False)
    assert answer.headers["Location"] == "/login"


def test_sign_in_opens_the_console_with_a_cookie_that_scripts_cannot_read(school: Running) -> None:
    visitor = browser()
    answer = sign_in(school, visitor)
    assert answer.status_code == 303
    cookie = next(
        part for part in answer.raw.headers.getlist("Set-Cookie") if "pult_session" in part
    )
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "streamlit" in visitor.get(school.url).text.lower()


def test_behind_tls_the_cookie_is_secure(school: Running) -> None:
    visitor = browser()
    visitor.headers["X-Forwarded-Proto"] = "https"
    answer = sign_in(school, visitor)
    cookies = answer.raw.headers.getlist("Set-Cookie")
    assert all("Secure" in cookie for cookie in cookies if "pult_session" in cookie)


def test_each_sign_in_has_its_own_session(school: Running) -> None:
    visitor = browser()
    sign_in(school, visitor)
    first = visitor.cookies["pult_session"]
    sign_in(school, visitor)
    assert visitor.cookies["pult_session"] != first
    old = browser()
    old.cookies["pult_session"] = first
    assert old.get(school.url).url == f"{school.url}/login"


def test_a_deep_link_survives_sign_in_and_another_site_does_not(school: Running) -> None:
    asked = browser().get(f"{school.url}/incident?id=7")
    assert asked.url.endswith("/login?next=/incident%3Fid%3D7")
    ours = sign_in(school, browser(), next="/incident?id=7")
    assert ours.headers["Location"] == "/incident?id=7"
    theirs = sign_in(school, browser(), next="//elsewhere.example/")
    assert theirs.headers["Location"] == "/"


def test_signed_out_is_out(school: Running) -> None:
    visitor = browser()
    sign_in(school, visitor)
    cookie = visitor.cookies["pult_session"]
    page = visitor.get(f"{school.url}/logout")
    visitor.post(f"{school.url}/logout", data={"token": token(page)})
    again = browser()
    again.cookies["pult_session"] = cookie
    assert again.get(school.url).url == f"{school.url}/login"


def test_the_websocket_wants_a_session_and_our_own_origin(school: Running) -> None:
    visitor = browser()
    sign_in(school, visitor)
    cookie = f"pult_session={visitor.cookies['pult_session']}"
    assert open_socket(school, cookie, school.url) == 101
    assert open_socket(school, cookie, "https://elsewhere.example") == 403
    assert open_socket(school, cookie, None) == 403
    assert open_socket(school, "pult_session=real.made-up", school.url) == 403
    assert open_socket(school, "", school.url) == 403


def test_an_open_screen_closes_when_its_session_ends(school: Running) -> None:
    visitor = browser()
    sign_in(school, visitor)
    cookie = f"pult_session={visitor.cookies['pult_session']}"
    with connect(
        school.url.replace("http", "ws") + "/_stcore/stream",
        origin=Origin(school.url),
        additional_headers={"Cookie": cookie},
        subprotocols=[Subprotocol("streamlit")],
    ) as screen:
        page = visitor.get(f"{school.url}/logout")
        visitor.post(f"{school.url}/logout", data={"token": token(page)})

        def closed() -> bool:
            try:
                screen.send(b"")
                screen.recv(timeout=0.2)
            except TimeoutError:
                return False
            except ConnectionClosed as end:
                return end.rcvd is not None and end.rcvd.code == 1008
            return False

        assert wait_for(closed)


def test_the_page_of_the_screens_may_run_its_own_scripts_alone(school: Running) -> None:
    visitor = browser()
    sign_in(school, visitor)
    page = visitor.get(school.url)
    policy = page.headers["Content-Security-Policy"]
    inside = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    for script in inside:
        digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]


def test_what_streamlit_keeps_is_closed_without_a_session(school: Running) -> None:
    for path in ("/_stcore/metrics", "/media/x.png", "/_stcore/upload_file/a/b"):
        assert requests.get(school.url + path, allow_redirects=False, timeout=60).status_code == 403


def test_metrics_open_to_their_token_alone(school: Running) -> None:
    assert requests.get(f"{school.url}/metrics", timeout=60).status_code == 401
    wrong = {"Authorization": "Bearer other"}
    assert requests.get(f"{school.url}/metrics", headers=wrong, timeout=60).status_code == 401
    right = requests.get(
        f"{school.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60
    )
    assert 'pult_part_up{part="worker"} 1.0' in right.text


def test_a_killed_prober_and_worker_come_back(school: Running) -> None:
    before = children(school)
    for pid in before["prober"] + before["worker"]:
        os.kill(pid, 9)

    def back() -> bool:
        now = children(school)
        fresh = all(now[part] and now[part] != before[part] for part in ("prober", "worker"))
        return fresh and requests.get(f"{school.url}/healthz", timeout=60).status_code == 200

    assert wait_for(back, START), requests.get(f"{school.url}/healthz", timeout=60).text


def test_a_second_console_on_the_same_data_starts_no_children(school: Running) -> None:
    with console(school.data) as second:
        assert "Another console runs on this data folder" in second.log.read_text()
        assert not any(children(second).values())
        assert requests.get(f"{second.url}/healthz", timeout=60).json()["parts"]["worker"] == "ok"


def test_too_many_wrong_passwords_close_the_door_for_a_while(school: Running) -> None:
    statuses = [sign_in(school, browser(), "wrong").status_code for _ in range(11)]
    assert statuses[:10] == [401] * 10
    assert statuses[10] == 429
    assert sign_in(school, browser()).status_code == 429


def test_nothing_stays_behind_a_killed_console(tmp_path: Path) -> None:
    with console(tmp_path / "data") as started:
        pids = [pid for part in children(started).values() for pid in part]
        assert len(pids) == 3
        started.process.kill()
        started.process.wait()
        assert wait_for(lambda: not any(lives(pid) for pid in pids))


def test_wrong_settings_stop_the_start_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "pult.toml").write_text("[worker]\nmode = 'sometimes'\n")
    with (
        pytest.raises(AssertionError, match=r"line 2: worker\.mode must be"),
        console(tmp_path / "data", PULT_CONFIG=str(tmp_path / "pult.toml")),
    ):
        pass


def children(running: Running) -> dict[str, list[int]]:
    """The console's child processes by command, from /proc."""
    found: dict[str, list[int]] = {"prober": [], "worker": [], "public": []}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except (OSError, ValueError):
            continue
        if parent == running.process.pid and "console" in words:
            found[words[words.index("console") + 1]].append(int(entry.name))
    return found
