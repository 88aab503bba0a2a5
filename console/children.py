"""Supervise child processes: bring back what dies, end all when the console ends.

A child ends when its standard input does, so it goes with its parent however
that ends; no signal is needed, and Windows serves as well.
"""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

LOG = logging.getLogger("pult.children")
LOOK = 0.2  # seconds between looks at the children
FIRST_WAIT = 0.3  # seconds before a child that died comes back
LAST_WAIT = 30.0  # seconds; the wait doubles while a child dies young
YOUNG = 10.0  # seconds that a child must live to be thought well
PATIENCE = 8.0  # seconds that children get to end

Ready = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Part:
    """What to run: arguments after the interpreter, and the whole environment.

    `ready`, if given, is called with the JSON object that the child prints first.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    ready: Ready | None = None


@dataclass
class Child:
    name: str
    part: Part
    running: subprocess.Popen[str] | None = None
    began: float = 0.0
    due: float = 0.0  # monotonic seconds of the next start
    wait: float = FIRST_WAIT
    deaths: int = 0  # in a row, each before it was YOUNG seconds old
    problem: str = ""
    told: bool = False  # whether it printed its first line


class Supervisor:
    """Keeps parts running by name, from a thread of its own."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="children", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def keep(self, name: str, part: Part) -> None:
        """Run the part, and again whenever it ends; a name that runs already stays as it is."""
        with self._lock:
            if name not in self._children and not self._stop.is_set():
                child = self._children[name] = Child(name, part)
                self._begin(child)

    def end(self, names: Sequence[str]) -> None:
        """End these parts and wait until they have."""
        with self._lock:
            ending = [self._children.pop(name) for name in names if name in self._children]
        _end(ending)

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.end(list(self._children))

    def pids(self) -> dict[str, int]:
        """The process of each part that runs at this moment."""
        with self._lock:
            return {
                name: child.running.pid
                for name, child in self._children.items()
                if child.running and child.running.poll() is None
            }

    def state(self) -> dict[str, str]:
        """By name: "ok", or what is wrong in a few words."""
        with self._lock:
            return {name: _state(child) for name, child in self._children.items()}

    def age(self, name: str) -> float:
        """Seconds since the part was last started."""
        with self._lock:
            return time.monotonic() - self._children[name].began

    def _watch(self) -> None:
        while not self._stop.wait(LOOK):
            with self._lock:
                for child in self._children.values():
                    self._look(child)

    def _look(self, child: Child) -> None:
        now = time.monotonic()
        if child.running is not None:
            code = child.running.poll()
            if code is None:
                return
            young = now - child.began < YOUNG
            child.deaths = child.deaths + 1 if young else 1
            child.wait = min(child.wait * 2, LAST_WAIT) if young else FIRST_WAIT
            child.due = now + child.wait
            child.running = None
            LOG.warning("%s ended with %s; back in %.1f s", child.name, code, child.wait)
        if now >= child.due:
            self._begin(child)

    def _begin(self, child: Child) -> None:
        part = child.part
        child.began = time.monotonic()
        try:
            child.running = subprocess.Popen(
                [sys.executable, *part.arguments],
                env=dict(part.environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if part.ready else None,
                text=True,
                start_new_session=os.name != "nt",  # Ctrl+C is the console's to handle
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            child.problem, child.due = f"cannot start: {error.strerror}", child.began + LAST_WAIT
            return
        child.problem, child.told = "", False
        if part.ready and child.running.stdout:
            reader = threading.Thread(
                target=_listen, args=(child, child.running.stdout, part.ready), daemon=True
            )
            reader.start()


def _listen(child: Child, lines: IO[str], ready: Ready) -> None:
    """Pass the child's first line on, then drain the rest."""
    first = lines.readline()
    if first.strip():
        try:
            ready(json.loads(first))
            child.told = True
        except Exception as error:
            child.problem = f"started, but could not be connected: {type(error).__name__}"
            LOG.exception("%s could not be connected", child.name)
    for _line in lines:
        pass


def _state(child: Child) -> str:
    if child.problem:
        return child.problem
    if child.running is None or child.running.poll() is not None:
        return "restarting" if child.deaths < 3 else f"ended {child.deaths} times in a row"
    return "ok" if child.told or not child.part.ready else "starting"


def _end(children: Sequence[Child]) -> None:
    running = [child.running for child in children if child.running]
    for process in running:
        if process.stdin:
            try:
                process.stdin.close()
            except OSError:  # it has ended already
                LOG.debug("process %s had ended", process.pid)
    until = time.monotonic() + PATIENCE
    for process in running:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
