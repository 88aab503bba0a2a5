"""How soon real failures are known, and is health left alone: `python -m benchmarks.detection`.

nginx with its RTMP module, ffmpeg, coturn and Janus run on loopback and fail for real; a prober
process (`python -m console prober`) watches them and writes to SQLite. "Known" is the moment when
the database says DOWN, read every 20 ms as a screen would: batches and waiting count.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import asked, real_servers
from benchmarks.real_servers import Server
from console.desk import connections
from console.wiring import PACKAGES
from probes import results, targets
from probes.model import Result, State, Target
from store import access, db, migrate, schools, vault
from store.access import Actor
from store.db import Database, text
from tests.running import HOUSE

LOOK = 0.02  # seconds between looks at the database
INTERVAL = 5.0  # seconds between checks
PATIENCE = 60.0  # seconds until a state must have come
STANDING = 1.5 * 2.0  # seconds without a new segment that viewers do not forgive
SECRET, WRONG = "secret", "another"


@dataclass
class Bench:
    """The servers by name, what probes them, and the database that the prober writes to."""

    database: Database
    actor: Actor
    school_id: str
    targets: Mapping[str, Target]
    servers: dict[str, Server]
    turn_port: int
    playlist: Path

    def newest(self, name: str) -> Result:
        target = self.targets[name]
        with self.database.read("metrics") as mtx:
            found = results.latest(mtx, self.actor, self.school_id, [target], now=datetime.now(UTC))
        return found[target.id]

    def until(self, name: str, state: State) -> Result:
        """The first result of that state; the time now is when it is known."""
        end = time.monotonic() + PATIENCE
        while (result := self.newest(name)).state is not state:
            if time.monotonic() > end:
                raise SystemExit(f"{name} is {result.state} ({result.why}), not {state}")
            time.sleep(LOOK)
        return result

    def settle(self) -> None:
        for name in self.targets:
            self.until(name, State.OK)
        time.sleep(random.uniform(0, 5))  # failures come at any moment of an interval


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    http, rtmp, turn, janus, admin, mail = real_servers.ports(6)
    playlist = folder / "nginx" / "hls" / "hall.m3u8"
    servers = {
        "nginx": real_servers.nginx(folder / "nginx", http, rtmp),
        "encoder": real_servers.encoder(rtmp, playlist),
        "coturn": real_servers.coturn(turn, SECRET),
        "janus": real_servers.janus(folder / "janus", janus, admin, SECRET),
        "mail": real_servers.relay(mail),
    }
    addresses = {
        "page": ("http", f"http://127.0.0.1:{http}/health", {}),
        "stream": ("hls", f"http://127.0.0.1:{http}/hall.m3u8", {}),
        "ingest": ("rtmp", f"rtmp://127.0.0.1:{rtmp}/live/hall", {}),
        "relay": ("turn", f"turn:127.0.0.1:{turn}", {"username": "probe"}),
        "calls": ("http", f"http://127.0.0.1:{janus}/janus/info", {"json": "janus == server_info"}),
        "call": ("webrtc", f"http://127.0.0.1:{janus}/janus", {}),
        "rooms": ("classroom", "", {}),
        "mail": ("smtp", f"smtp://127.0.0.1:{mail}", {}),
    }
    database, now = db.connect(folder / "data"), datetime.now(UTC)
    sealing = vault.at(folder / "vault.key")
    password = sealing.seal(SECRET)
    migrate.apply(database, PACKAGES, now=now)
    with database.begin() as tx:
        school = schools.found(
            tx, access.system(), "Bench", time_zone="UTC", language="en", now=now
        )
        actor = access.system(school.id)
        media = connections.add(
            tx, actor, school.id, sealing, platform="janus", name="Media",
            url=f"http://127.0.0.1:{admin}/admin", secret=SECRET, now=now,
        )  # fmt: skip
        for name, (prober, address, module) in addresses.items():
            targets.add(
                tx, actor, school.id, name=name, prober=prober, address=address, module=module,
                sealed={"password": password} if prober == "turn" else {},
                connection_id=media if prober == "classroom" else None,
                interval=timedelta(seconds=INTERVAL), now=now,
            )  # fmt: skip
        known = {target.name: target for target in targets.of(tx, actor, school.id)}
    try:
        for server in servers.values():
            server.start()
        with _prober(folder / "data"):
            yield Bench(database, actor, school.id, known, servers, turn, playlist)
    finally:
        for server in servers.values():
            server.kill()
        database.close()


@contextmanager
def _prober(data: Path) -> Iterator[None]:
    kept = {name: value for name, value in os.environ.items() if name[:5] != "PULT_"}
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "prober"],
        cwd=HOUSE,
        env=kept
        | {"PULT_DATA": str(data), "PULT_VAULT_KEY_PATH": str(data.with_name("vault.key"))},
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def hard_failure(desk: Bench, server: str, watched: str, fail: Callable[[Server], None]) -> float:
    """Seconds from the server's end to DOWN."""
    desk.settle()
    failed = time.time()
    fail(desk.servers[server])
    desk.until(watched, State.DOWN)
    return round(time.time() - failed, 2)


def frozen(desk: Bench, fail: Callable[[Server], None]) -> dict[str, float]:
    """Seconds from the end of the last segment to DOWN, and what was allowed.

    nginx publishes a segment when its last frame has come: the playlist's file tells its end.
    """
    desk.settle()
    fail(desk.servers["encoder"])
    result = desk.until("stream", State.DOWN)
    known = time.time()
    if "stood still" not in str(result.why):
        raise SystemExit(f"the frozen stream is down for another reason: {result.why}")
    ended = desk.playlist.stat().st_mtime
    lines = desk.playlist.read_text().splitlines()
    target = next(float(line[22:]) for line in lines if line.startswith("#EXT-X-TARGETDURATION:"))
    return {"seconds": round(known - ended, 2), "allowed": 1.5 * target + 1}


def wrong_credentials(desk: Bench) -> float:
    """Seconds from the relay's listening with another password to DOWN for that reason."""
    desk.settle()
    desk.servers["coturn"].kill()
    desk.servers["coturn"] = real_servers.coturn(desk.turn_port, WRONG)
    desk.servers["coturn"].start()
    changed = time.time()
    while "password" not in str(desk.until("relay", State.DOWN).why):
        time.sleep(LOOK)
    return round(time.time() - changed, 2)


def healthy(desk: Bench, minutes: float) -> dict[str, object]:
    """What the prober found while nothing was wrong: its checks by state, its alerts."""
    desk.settle()
    began = datetime.now(UTC)
    late = _late_segments(desk.playlist, minutes * 60)
    with desk.database.read("metrics") as mtx:
        rows = mtx.execute(
            text("""
                SELECT latest.target_id, sample.state, COUNT(*) AS n
                FROM sample JOIN latest ON latest.id = sample.series
                WHERE sample.at >= :since GROUP BY latest.target_id, sample.state
            """),
            {"since": began},
        ).all()
    names = {target.id: name for name, target in desk.targets.items()}
    found: dict[str, Counter[str]] = {name: Counter() for name in desk.targets}
    for row in rows:
        found[names[row.target_id]][tuple(State)[row.state].value] += row.n
    with desk.database.read() as tx:
        raised = tx.execute(
            text("SELECT target_name, kind, state, why FROM alert WHERE since >= :since"),
            {"since": began},
        ).all()
    alerts = [f"{row.target_name}, {row.kind}, {row.state}: {row.why}" for row in raised]
    return {"minutes": minutes, "checks": found, "alerts": alerts, "late segments": late}


def _late_segments(playlist: Path, seconds: float) -> list[float]:
    """Seconds between segments that came too late in truth, as the server's own file tells."""
    end, late = time.monotonic() + seconds, []
    written = playlist.stat().st_mtime
    while time.monotonic() < end:
        time.sleep(0.1)
        if (now := playlist.stat().st_mtime) != written:
            late += [round(now - written, 1)] if now - written > STANDING else []
            written = now
    return late


FAILURES: dict[str, Callable[[Bench], object]] = {
    "nginx killed": lambda desk: hard_failure(desk, "nginx", "page", Server.kill),
    "nginx frozen": lambda desk: hard_failure(desk, "nginx", "page", Server.freeze),
    "nginx frozen, a stream": lambda desk: hard_failure(desk, "nginx", "stream", Server.freeze),
    "coturn killed": lambda desk: hard_failure(desk, "coturn", "relay", Server.kill),
    "coturn frozen": lambda desk: hard_failure(desk, "coturn", "relay", Server.freeze),
    "janus killed": lambda desk: hard_failure(desk, "janus", "calls", Server.kill),
    "janus frozen": lambda desk: hard_failure(desk, "janus", "calls", Server.freeze),
    "janus frozen, its rooms": lambda desk: hard_failure(desk, "janus", "rooms", Server.freeze),
    "janus frozen, a call": lambda desk: hard_failure(desk, "janus", "call", Server.freeze),
    "mail relay killed": lambda desk: hard_failure(desk, "mail", "mail", Server.kill),
    "mail relay frozen": lambda desk: hard_failure(desk, "mail", "mail", Server.freeze),
    "janus killed, a call": lambda desk: hard_failure(desk, "janus", "call", Server.kill),
    "ingest without its encoder": lambda desk: hard_failure(desk, "encoder", "ingest", Server.kill),
    "encoder killed": lambda desk: frozen(desk, Server.kill),
    "encoder frozen": lambda desk: frozen(desk, Server.freeze),
    "wrong credentials": wrong_credentials,
}


def _once(measure: Callable[[Bench], object]) -> object:
    """Each failure has servers and a prober of its own: what fails often is said to flap."""
    with tempfile.TemporaryDirectory() as folder, bench(Path(folder)) as desk:
        return measure(desk)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="failures of each kind")
    parser.add_argument("--only", default="", help="failures with these words in their names")
    parser.add_argument("--minutes", type=float, default=0.0, help="of health watched at the end")
    arguments = parser.parse_args()
    shown: dict[str, object] = {}
    for name, measure in FAILURES.items():
        if arguments.only in name:
            shown[name] = [_once(measure) for _ in range(arguments.rounds)]
    if arguments.minutes:
        shown["healthy"] = _once(lambda desk: healthy(desk, arguments.minutes))
    print(json.dumps(shown | {"load": os.getloadavg()}, indent=2))
    asked.end(_met(shown))


def _met(shown: Mapping[str, Any]) -> dict[str, bool | None]:
    """Which of the asked limits this run met; None: not measured."""
    met: dict[str, bool | None] = {}
    for name in (*FAILURES, "healthy"):
        found = shown.get(name)
        if not found:
            met[name] = None
        elif name == "healthy":
            met["no alert"] = found["alerts"] == []
        elif name == "wrong credentials":
            met[f"{name} within one interval"] = all(each <= INTERVAL for each in found)
        elif name.startswith("encoder "):
            limit = f"{name}: within 1.5 target durations and 1 s"
            met[limit] = all(each["seconds"] <= each["allowed"] for each in found)
        else:
            met[f"{name}: within the interval and 5 s"] = all(e <= INTERVAL + 5 for e in found)
    return met


if __name__ == "__main__":
    main()
