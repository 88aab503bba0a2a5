"""Which child processes a world runs, and how each of them is."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from console.children import Part, Ready, Supervisor
from console.wiring import Console
from store import heartbeats
from store.heartbeats import SILENT

ROOT = Path(__file__).resolve().parents[2]
BEATING = ("prober", "worker")


def of(console: Console, environment: Mapping[str, str]) -> dict[str, Part]:
    """The parts of a world that the console runs itself, by their plain names."""
    settings = console.settings
    wanted = {
        "prober": settings.prober.mode == "embedded",
        "worker": settings.worker.mode == "embedded",
        "public": settings.public.embedded,
    }
    around = surroundings(environment)
    return {
        name: Part(("-m", "console", name, "--with-parent"), around)
        for name, embedded in wanted.items()
        if embedded
    }


def campus(environment: Mapping[str, str], ready: Ready) -> Part:
    """The campus itself; `ready` learns its addresses at every start."""
    return Part(("-m", "platforms.campus", "--with-parent"), surroundings(environment), ready)


def surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a child finds our modules wherever the console was started.

    Its memory comes from one arena (mallopt(3)): with one for each thread, the sender of a
    million letters took 15 MB more than that of a thousand.
    """
    paths = [str(ROOT), environment.get("PYTHONPATH", "")]
    path = os.pathsep.join(filter(None, paths))
    return {"MALLOC_ARENA_MAX": "1", **environment, "PYTHONPATH": path}


def states(
    console: Console, prefix: str, supervisor: Supervisor, *, leading: bool
) -> dict[str, str]:
    """How each part of the world is: "ok", or what is wrong; what is off is not named."""
    settings = console.settings
    modes = {"prober": settings.prober.mode, "worker": settings.worker.mode}
    running = supervisor.state()
    with console.db.read() as tx:
        beats = heartbeats.last(tx)
    found: dict[str, str] = {}
    for part in BEATING:
        name = f"{prefix}{part}"
        if modes[part] == "off":
            continue
        own = leading and modes[part] == "embedded"
        process = running.get(name, "not started") if own else "ok"
        age = supervisor.age(name) if own and name in running else None
        found[name] = process if process != "ok" else _heard(console, beats.get(part), age)
    if settings.public.embedded and leading:
        process = running.get(f"{prefix}public", "not started")
        found[f"{prefix}public"] = process if process != "ok" else _listens(settings.public.port)
    return found


def free_port(wanted: int) -> int:
    """The port if nobody listens on it, else one that the system picks."""
    with socket.socket() as trial:
        if os.name != "nt":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port(0)
        return int(trial.getsockname()[1])


def _heard(console: Console, beat: heartbeats.Heartbeat | None, age: float | None) -> str:
    """By the last sign of life, which must be younger than the process that gives it."""
    silence = console.now() - beat.at if beat else None
    if age is not None and (silence is None or silence.total_seconds() > age):
        return "starting" if age < SILENT.total_seconds() else "no sign of life"
    if silence is None or silence > SILENT:
        return "no sign of life"
    return "ok"


def _listens(port: int) -> str:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return "ok"
    except OSError:
        return "starting"
