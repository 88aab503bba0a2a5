"""Targets that keep silent, many at once, beside one that answers."""

import socket
import threading
import time
from collections.abc import Callable

from probes.model import State, Target
from probes.probers.base import Context, Verdict
from probes.runner import Runner
from tests.patience import PATIENCE
from tests.sites import wire

SILENT = 100


def test_a_hundred_silent_services_keep_no_other_waiting() -> None:
    over = threading.Event()

    def hold(listening: socket.socket) -> None:
        held = [listening.accept()[0] for _ in range(SILENT)]
        over.wait(60)
        for connection in held:
            connection.close()

    def greet(listening: socket.socket) -> None:
        connection, _address = listening.accept()
        connection.sendall(b"220 ready\r\n")
        connection.close()

    silent: list[Verdict] = []
    good: list[Verdict] = []
    runner = Runner()
    with wire(socket.SOCK_STREAM, hold) as deaf, wire(socket.SOCK_STREAM, greet) as open_:
        try:
            for _ in range(SILENT):
                look(runner, deaf, silent.append)
            look(runner, open_, good.append)
            until = time.monotonic() + PATIENCE
            while not good and time.monotonic() < until:
                runner.turn(0.1)
            assert [verdict.state for verdict in good] == [State.OK]
            assert silent == []
            over.set()
            while len(silent) < SILENT and time.monotonic() < until:
                runner.turn(0.1)
            assert {verdict.state for verdict in silent} == {State.DOWN}
        finally:
            over.set()
            runner.close()


def look(runner: Runner, port: int, done: Callable[[Verdict], None]) -> None:
    target = Target("", "", "x", "tcp", f"127.0.0.1:{port}", {"expect": "220"})
    runner.start(target, Context(8.0, time.monotonic(), {}), done)
