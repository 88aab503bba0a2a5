"""Join a Janus echo test as a browser would, once, and print what happened as one line of JSON.

A program of its own, run with the job on its standard input: the libraries of
media want 40 MB and may crash, and the prober must neither grow nor fall with
them. It imports nothing of Pult. https://janus.conf.meetecho.com/docs/rest.html
"""

import asyncio
import contextlib
import http.client
import json
import os
import random
import secrets
import ssl
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from aiortc import (
    AudioStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import VideoFrame

LONGEST = 1024 * 1024  # bytes of one answer
TAKEN = 0.25  # of the call's time, in which the server must take what it is asked
EVENTS = 20  # read until one of them answers the call
STRANGE = "it does not speak as Janus does"
WIDTH, HEIGHT = 160, 120
FRAMES = 45  # looked at for our own: more than the echo needs for both greys
NEAR = 12  # of 255: how far the codec may bend a grey
FAREWELL = 1.0  # seconds to hang up


class Refused(Exception):
    """The media server says no; the words are its own."""


class Picture(VideoStreamTrack):
    """Two greys in turn, drawn anew for each call: who echoes anything else does not echo."""

    def __init__(self) -> None:
        super().__init__()
        self.greys = (random.randint(40, 90), random.randint(150, 220))  # noqa: S311 - no secret
        self.sent = 0

    async def recv(self) -> VideoFrame:
        at, base = await self.next_timestamp()
        grey = self.greys[self.sent // 3 % 2]
        self.sent += 1
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, level in zip(frame.planes, (grey, 128, 128), strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        frame.pts, frame.time_base = at, Fraction(base)
        return frame


class Call:
    """One call; `stage` is what it is at, and `phases` the seconds of those that are over."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.stage = "join"
        self.phases: dict[str, float] = {}
        self.place: str = job["url"]
        self.session = ""

    @contextlib.contextmanager
    def at(self, stage: str) -> Iterator[None]:
        self.stage, start = stage, time.monotonic()
        yield
        self.phases[stage] = time.monotonic() - start

    async def make(self) -> None:
        """Join, connect, see and hear the echo. Raises TimeoutError with `stage` left behind."""
        picture, heard = Picture(), asyncio.Queue[MediaStreamTrack]()
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.on("track", heard.put_nowait)
        try:
            async with asyncio.timeout(self.job["timeout"]):
                with self.at("join"):
                    peer.addTrack(AudioStreamTrack())
                    peer.addTrack(picture)
                    await self._join(peer)
                with self.at("connect"):
                    await _connected(peer)
                tracks = {track.kind: track for track in (await heard.get(), await heard.get())}
                with self.at("picture"):
                    await self._seen(tracks["video"], picture)
                with self.at("sound"):
                    await tracks["audio"].recv()
        finally:
            await self._leave(peer)

    async def _join(self, peer: RTCPeerConnection) -> None:
        for request in ({"janus": "create"}, {"janus": "attach", "plugin": self.job["plugin"]}):
            told = await self._post(request)
            self.place += f"/{int(told['data']['id'])}"
            self.session = self.session or self.place
        await peer.setLocalDescription(await peer.createOffer())
        offer = {"type": "offer", "sdp": peer.localDescription.sdp}
        body = {"audio": True, "video": True}
        await self._post({"janus": "message", "body": body, "jsep": offer})
        answer = await self._answer()
        await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))

    async def _answer(self) -> dict[str, str]:
        query = urllib.parse.urlencode({"maxev": 1, **self._keys})
        for _ in range(EVENTS):
            event = await self._ask(f"{self.session}?{query}", None)
            if isinstance(event.get("jsep"), dict):
                return {name: str(event["jsep"][name]) for name in ("sdp", "type")}
        raise Refused("it does not answer the call")

    async def _seen(self, track: MediaStreamTrack, picture: Picture) -> None:
        """Until both greys have come back: the picture is ours, and it moves."""
        missing = set(picture.greys)
        for _ in range(FRAMES):
            frame = await track.recv()
            if not isinstance(frame, VideoFrame):
                raise Refused(STRANGE)
            self.stage = "moving"
            found = bytes(frame.planes[0])[WIDTH // 2]
            missing -= {grey for grey in missing if abs(grey - found) <= NEAR}
            if not missing:
                return
        raise TimeoutError

    async def _leave(self, peer: RTCPeerConnection) -> None:
        with contextlib.suppress(Exception):  # nothing more can be done, and nothing stays
            async with asyncio.timeout(FAREWELL):
                await peer.close()
                if self.session:
                    self.place = self.session
                    await self._post({"janus": "destroy"})

    async def _post(self, request: dict[str, Any]) -> dict[str, Any]:
        request = {**request, **self._keys, "transaction": secrets.token_hex(8)}
        return await self._ask(self.place, json.dumps(request).encode())

    @property
    def _keys(self) -> dict[str, str]:
        return {name: self.job[name] for name in ("apisecret", "token") if self.job[name]}

    async def _ask(self, url: str, body: bytes | None) -> dict[str, Any]:
        """A server that hangs does so at once; only for what happens is it asked patiently."""
        patience = self.job["timeout"] * (1 if body is None else TAKEN)
        told = await asyncio.to_thread(_fetched, url, body, self.job, patience)
        if not isinstance(told, dict):
            raise Refused(STRANGE)
        if told.get("janus") == "error":
            raise Refused(str(told["error"]["reason"])[:200])
        return told


async def _connected(peer: RTCPeerConnection) -> None:
    ended, changed = ("connected", "failed", "closed"), asyncio.Event()
    peer.on("connectionstatechange", changed.set)
    while peer.connectionState not in ended:
        changed.clear()
        await changed.wait()
    if peer.connectionState != "connected":
        raise TimeoutError


def _fetched(url: str, body: bytes | None, job: dict[str, Any], seconds: float) -> Any:
    """One JSON answer, without proxies and without following anything elsewhere."""
    context = ssl.create_default_context(cafile=job["authorities"])
    if not job["verify"]:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - http(s) alone
    with opener.open(request, timeout=seconds) as answer:
        return json.loads(answer.read(LONGEST))


async def _told(call: Call) -> dict[str, Any]:
    """At which stage the call ended, '' if it is well, and the other side's words."""
    try:
        await call.make()
    except (TimeoutError, MediaStreamError):
        return {"stage": call.stage, "why": ""}
    except Refused as error:
        return {"stage": call.stage, "why": str(error)}
    except (OSError, http.client.HTTPException) as error:
        return {"stage": call.stage, "why": str(getattr(error, "reason", error))[:200]}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {"stage": call.stage, "why": STRANGE}
    return {"stage": "", "why": ""}


def _waited() -> float:
    """Seconds that this thread was ready to run and had no processor (Linux; elsewhere 0)."""
    try:
        with open("/proc/self/schedstat", encoding="ascii") as kept:
            return int(kept.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


async def main() -> None:
    call = Call(json.loads(sys.stdin.readline()))
    waited = _waited()
    told = await _told(call)
    waited = _waited() - waited
    sys.stdout.write(json.dumps({**told, "phases": call.phases, "waited": waited}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # not waiting for a fetch that somebody drips to


if __name__ == "__main__":
    asyncio.run(main())
