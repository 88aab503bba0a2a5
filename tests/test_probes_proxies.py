"""A platform behind a proxy is counted as it is reached; services are asked directly."""

import time
from http.server import BaseHTTPRequestHandler

import pytest

from platforms.bigbluebutton import BigBlueButton
from platforms.http import proxy_for
from probes.checking import verdict_of
from probes.model import State, Target
from probes.probers.base import Context, Verdict
from probes.runner import Runner
from tests.sites import say, web
from tests.test_platforms_bigbluebutton import ROOM, SECRET


def look(prober: str, address: str, adapter: BigBlueButton | None = None) -> Verdict:
    target = Target("t", "s", "BBB", prober, address, connection_id="c" if adapter else None)
    runner = Runner()
    try:
        return verdict_of(runner, target, Context(20.0, time.monotonic(), {}, False, adapter))
    finally:
        runner.close()


def test_the_environment_s_proxy_counts_rooms_as_it_tries_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        say(handler, ROOM.encode())

    with web(answer) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("no_proxy", "")
        adapter = BigBlueButton("http://bbb-proxied.test/bigbluebutton", SECRET, {})
        assert not adapter.check().problem
        verdict = look("classroom", "", adapter)
        assert (verdict.state, len(verdict.rooms or ())) == (State.OK, 2)
        assert all(each.startswith("http://bbb-proxied.test/") for each in asked)
        before = len(asked)
        assert look("http", "http://bbb-proxied.test/").state is State.DOWN
        assert len(asked) == before
        assert proxy_for("http://127.0.0.1:8080") == ""
