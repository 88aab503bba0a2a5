"""One viewer of a screen, as Streamlit's browser part speaks on the websocket.

What the server runs again by itself (ForwardMsg.auto_rerun) is asked for with setInterval;
large elements that came before are named by their hashes, so that they are not sent again.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from streamlit.proto.AutoRerun_pb2 import AutoRerun
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol


@dataclass(frozen=True)
class Refresh:
    """One run of a live part: its interval, and from the asking to the end, both in seconds."""

    every: float
    took: float


@dataclass
class Viewer:
    """`intervals` by the live parts' ids; `asked` holds when those under way were asked for."""

    url: str
    cookie: str
    page: str
    intervals: dict[str, float] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)
    refreshes: list[Refresh] = field(default_factory=list)
    received: int = 0  # bytes

    def __post_init__(self) -> None:
        self._page_hash = ""
        self._kept: set[str] = set()  # hashes of large elements that the browser has
        self._timers: dict[str, asyncio.Task[None]] = {}

    async def watch(self, after: float) -> None:
        """Load the page after so many seconds, then watch it until cancelled."""
        await asyncio.sleep(after)
        async with connect(
            self.url.replace("http://", "ws://") + "/_stcore/stream",
            additional_headers={"Cookie": self.cookie, "Origin": self.url},
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            proxy=None,
        ) as socket:
            try:
                await self._ask(socket)
                async for raw in socket:
                    assert isinstance(raw, bytes)
                    self.received += len(raw)
                    self._take(socket, ForwardMsg.FromString(raw))
            finally:
                for timer in self._timers.values():
                    timer.cancel()

    def _take(self, socket: ClientConnection, message: ForwardMsg) -> None:
        if message.metadata.cacheable:
            self._kept.add(message.hash)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page_hash = message.new_session.page_script_hash
        elif kind == "auto_rerun":
            self._begin(socket, message.auto_rerun)
        elif kind == "script_finished":
            self._finish(message.metadata.run.fragment_ids)

    def _begin(self, socket: ClientConnection, asked: AutoRerun) -> None:
        part, every = asked.fragment_id, round(asked.interval, 3)
        if part not in self._timers:
            self.intervals[part] = every
            self._timers[part] = asyncio.create_task(self._repeat(socket, part, every))

    async def _repeat(self, socket: ClientConnection, part: str, every: float) -> None:
        due = time.monotonic()
        while True:
            due += every
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.asked.setdefault(part, time.monotonic())  # a late answer counts from its asking
            await self._ask(socket, part)

    def _finish(self, parts: Iterable[str]) -> None:
        now = time.monotonic()
        for part in parts:
            if part in self.asked:
                self.refreshes.append(Refresh(self.intervals[part], now - self.asked.pop(part)))

    async def _ask(self, socket: ClientConnection, part: str = "") -> None:
        message = BackMsg()
        asked = message.rerun_script
        asked.page_script_hash = self._page_hash
        asked.page_name = "" if self._page_hash else self.page
        asked.cached_message_hashes.extend(self._kept)
        asked.context_info.locale = "en-US"
        asked.context_info.timezone = "Europe/Moscow"
        asked.context_info.url = f"{self.url}/{self.page}"
        if part:
            asked.fragment_id = part
            asked.is_auto_rerun = True
        await socket.send(message.SerializeToString())
