"""The WebRTC prober: a real call with a real Janus, and servers that take none."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from aiortc import (
    AudioStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)

from probes import check
from probes.model import Module, ProbeFailed, Result, State, Target
from probes.probers import webrtc
from tests import real, sites, wire
from tests.patience import not_hanging
from tests.running import free_port
from tests.test_real_meters import LIBRARIES
from tests.wire import Asked

CONFIG = {
    "janus.jcfg": """general: {{
        configs_folder = "{folder}" plugins_folder = "{libraries}/plugins"
        transports_folder = "{libraries}/transports" admin_secret = "s3cret"
        api_secret = "of-the-school" }}
    media: {{ rtp_port_range = "20000-40000" }}
    transports: {{ disable = "libjanus_websockets.so,libjanus_pfunix.so" }}""",
    "janus.transport.http.jcfg": """general: {{ http = true port = {port} ip = "127.0.0.1" }}
    admin: {{ admin_http = true admin_port = {admin} admin_ip = "127.0.0.1" }}""",
}


def probe(address: str, timeout: float = 30.0, **secrets: str) -> Result:
    module: Module = {"slow": 60}
    return check(Target("", "", "x", "webrtc", address, module, secrets=secrets), timeout=timeout)


@pytest.fixture(scope="module")
def janus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The addresses of a Janus's calls and of its administration."""
    real.need("janus")
    folder, port, admin = tmp_path_factory.mktemp("janus"), free_port(), free_port()
    for name, words in CONFIG.items():
        places = {"folder": folder, "libraries": LIBRARIES, "port": port, "admin": admin}
        (folder / name).write_text(words.format(**places))
    with real.serving(admin, "janus", "-F", str(folder)):
        yield {
            "calls": f"http://127.0.0.1:{port}/janus",
            "admin": f"http://127.0.0.1:{admin}/admin",
        }


@pytest.mark.servers
def test_a_real_call_brings_ones_own_picture_back_and_leaves_nothing(
    janus: dict[str, str],
) -> None:
    result = probe(janus["calls"], api_secret="of-the-school")
    assert (result.state, result.why) == (State.OK, None)
    assert [each.name for each in result.readings] == ["join", "connect", "picture"]
    asked = {"janus": "list_sessions", "transaction": "x", "admin_secret": "s3cret"}
    told = requests.post(janus["admin"], json=asked, timeout=60).json()
    assert told["sessions"] == []


@pytest.mark.servers
def test_a_wrong_secret_is_down_and_says_so(janus: dict[str, str]) -> None:
    result = probe(janus["calls"], api_secret="another")
    assert result.state is State.DOWN
    assert str(result.why).startswith("The media server takes no call: Unauthorized request")


def test_nobody_there_is_down() -> None:
    result = probe(f"http://127.0.0.1:{free_port()}/janus")
    assert result.state is State.DOWN
    assert "Connection refused" in str(result.why)


def answering(asked: Asked) -> bytes:
    """A Janus that takes the call and never says with what."""
    if asked.method == "GET":
        return wire.as_json({"janus": "keepalive"})
    return wire.as_json({"janus": "success", "data": {"id": 1}})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (wire.reply("<html>"), "it does not speak as Janus does"),
        (wire.as_json({"janus": "success", "data": {"id": "../x"}}), "it does not speak"),
        (wire.reply("", status="302 Found", more="Location: http://127.0.0.1/\r\n"), "Found"),
        (answering, "answer the call"),
    ],
)
def test_what_takes_no_call_is_down(answer: bytes | Callable[[Asked], bytes], words: str) -> None:
    with wire.serving(answer) as server:
        result = probe(f"{server.url}/janus", timeout=3)
    assert result.state is State.DOWN
    assert words in str(result.why)


class Other:
    """A media server that sends pictures of its own; a deaf one leaves as soon as it has answered.

    It is spoken to as Janus; its media are aiortc's.
    """

    def __init__(self, *, deaf: bool) -> None:
        self.deaf = deaf
        self.offer = ""
        self.peer: RTCPeerConnection | None = None
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def __call__(self, asked: Asked) -> bytes:
        if asked.method == "GET":
            sdp = asyncio.run_coroutine_threadsafe(self.answer(), self.loop).result(5)
            return wire.as_json({"janus": "event", "jsep": {"type": "answer", "sdp": sdp}})
        request = json.loads(asked.body)
        self.offer = request.get("jsep", {}).get("sdp", "") or self.offer
        return wire.as_json({"janus": "success", "data": {"id": 1}})

    async def answer(self) -> str:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        await peer.setRemoteDescription(RTCSessionDescription(self.offer, "offer"))
        peer.addTrack(AudioStreamTrack())
        peer.addTrack(VideoStreamTrack())
        await peer.setLocalDescription(await peer.createAnswer())
        sdp = str(peer.localDescription.sdp)
        if self.deaf:
            await peer.close()
        else:
            self.peer = peer
        return sdp

    def close(self) -> None:
        async def end() -> None:
            if self.peer:
                await self.peer.close()

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.mark.parametrize(
    ("deaf", "words"),
    [
        (True, "The call is taken, but sound and picture find no way: look at ports and TURN."),
        (False, "The call connects, but the picture that comes back is not ours."),
    ],
)
def test_a_call_without_ones_own_picture_is_down(deaf: bool, words: str) -> None:
    other = Other(deaf=deaf)
    with wire.serving(other) as server:
        result = probe(f"{server.url}/janus", timeout=8 if deaf else 20)
    other.close()
    assert (result.state, str(result.why)) == (State.DOWN, words)


def judged(**told: Any) -> tuple[State, str]:
    """A call that was told so."""
    whole = {"stage": "", "why": "", "phases": {"join": 3.5}, "waited": 0.0} | told
    try:
        found = webrtc.verdict(Target("", "", "x", "webrtc", "", {"slow": 3.0}), whole)
    except ProbeFailed as failed:
        return failed.state, str(failed)
    return found.state, str(found.why)


def test_a_call_that_waited_for_this_machine_blames_no_server() -> None:
    ours = (State.UNKNOWN, "The prober itself was too slow to tell; this reading does not count.")
    assert judged(waited=1.0) == ours
    assert judged(waited=0.2) == (State.SUSPECT, "It answers slowly: 3.5 s.")
    assert judged(stage="picture", waited=2.5)[0] is State.DOWN


def test_what_a_server_says_is_told_without_what_cannot_be_read() -> None:
    told = judged(stage="join", why="\x1b[31mBad\r\n  line\x00\u202e " + "x" * 2000)
    assert told[0] is State.DOWN
    assert "[31mBad line" in told[1]
    assert told[1].isprintable()
    assert len(told[1]) < 400


def test_a_server_that_drips_ends_in_time() -> None:
    def drip(listening: socket.socket) -> None:
        while True:
            connection, _address = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while True:
                    connection.sendall(b"y")
                    time.sleep(0.1)

    with sites.wire(socket.SOCK_STREAM, drip) as port, not_hanging():
        result = probe(f"http://127.0.0.1:{port}/janus", timeout=0.5)
    assert str(result.why) == "The media server does not answer the call in time."


def test_without_the_package_it_is_unknown_and_says_what_to_install() -> None:
    """In a Python that does not see aiortc, as an installation without the extra."""
    program = """
import sys
sys.modules["aiortc"] = None
import importlib.util
from probes import check, target_of
result = check(target_of("http://127.0.0.1:9/janus", prober="webrtc"))
print(result.state.value, result.why)
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout.startswith("unknown Joining calls needs one package more")


def test_a_simulation_joins_no_real_call() -> None:
    result = check(Target("", "", "x", "webrtc", "http://127.0.0.1:1/janus"), loopback_only=True)
    assert result.state is State.UNKNOWN
