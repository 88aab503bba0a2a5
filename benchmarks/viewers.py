"""How long a live refresh takes while many watch: `python -m benchmarks.viewers`.

Starts the console on the campus, connects websocket clients that speak as the
browser does (BackMsg and ForwardMsg of Streamlit's protocol), lets each ask
for its live fragment every two seconds, and prints the times from the asking
to the end of the run, with the CPU that the console's process spent.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from tests.running import console

EVERY = 2.0  # seconds between two refreshes of one viewer
WARM_UP = 10.0  # seconds before the measuring begins


class Viewer:
    """One browser: its socket, the fragments that it was told to run again, its waits."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.fragments: list[str] = []
        self.page = ""
        self.waits: list[float] = []
        self.received = 0  # bytes

    async def load(self) -> None:
        await self._ask(BackMsg())
        await self._finished()

    async def refresh(self) -> float:
        """Ask for the live fragments once; return the seconds until the last has run."""
        started = time.perf_counter()
        for fragment in self.fragments:
            message = BackMsg()
            message.rerun_script.fragment_id = fragment
            message.rerun_script.is_auto_rerun = True
            await self._ask(message)
            await self._finished()
        return time.perf_counter() - started

    async def _ask(self, message: BackMsg) -> None:
        message.rerun_script.page_script_hash = self.page
        message.rerun_script.context_info.locale = "en"
        message.rerun_script.context_info.timezone = "Europe/Moscow"
        await self.socket.send(message.SerializeToString())

    async def _finished(self) -> None:
        async for raw in self.socket:
            assert isinstance(raw, bytes)
            self.received += len(raw)
            message = ForwardMsg.FromString(raw)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.page = message.new_session.page_script_hash
            elif kind == "auto_rerun" and message.auto_rerun.fragment_id not in self.fragments:
                self.fragments.append(message.auto_rerun.fragment_id)
            elif kind == "script_finished":
                return


async def watch(url: str, cookie: str, viewers: int, seconds: float, pid: int) -> dict[str, float]:
    """Let the viewers watch, out of step with each other; return the figures."""
    address = url.replace("http://", "ws://") + "/_stcore/stream"
    headers = {"Cookie": cookie, "Origin": url}
    crowd = [
        Viewer(
            await connect(
                address,
                additional_headers=headers,
                subprotocols=["streamlit"],  # type: ignore[list-item]  # a NewType of str
                max_size=None,
                proxy=None,
            )
        )
        for _ in range(viewers)
    ]
    for viewer in crowd:
        await viewer.load()
    if not all(viewer.fragments for viewer in crowd):
        raise SystemExit("The page has no live fragment: nothing to measure.")
    begin = time.monotonic()
    await asyncio.gather(
        *(
            sit(viewer, number * EVERY / viewers, WARM_UP, keep=False)
            for number, viewer in enumerate(crowd)
        )
    )
    spent, begin = cpu(pid), time.monotonic()
    bytes_before = sum(viewer.received for viewer in crowd)
    await asyncio.gather(
        *(
            sit(viewer, number * EVERY / viewers, seconds, keep=True)
            for number, viewer in enumerate(crowd)
        )
    )
    waits = sorted(wait for viewer in crowd for wait in viewer.waits)
    received = sum(viewer.received for viewer in crowd) - bytes_before
    for viewer in crowd:
        await viewer.socket.close()
    return {
        "viewers": viewers,
        "refreshes": len(waits),
        "p50_ms": round(1000 * statistics.median(waits), 1),
        "p95_ms": round(1000 * waits[int(len(waits) * 0.95)], 1),
        "max_ms": round(1000 * waits[-1], 1),
        "cpu_percent": round(100 * (cpu(pid) - spent) / (time.monotonic() - begin), 1),
        "bytes_a_refresh": received // max(len(waits), 1),
    }


async def sit(viewer: Viewer, offset: float, seconds: float, *, keep: bool) -> None:
    await asyncio.sleep(offset)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        took = await viewer.refresh()
        if keep:
            viewer.waits.append(took)
        await asyncio.sleep(max(EVERY - took, 0))


def cpu(pid: int) -> float:
    """CPU seconds of one process so far (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, console(Path(folder) / "data") as running:
        visitor = running.enter_campus()
        cookie = "; ".join(f"{one.name}={one.value}" for one in visitor.cookies)
        time.sleep(WARM_UP)
        figures = asyncio.run(
            watch(running.url, cookie, chosen.viewers, chosen.seconds, running.process.pid)
        )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
