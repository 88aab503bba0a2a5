"""A prober is one file and one row: the one in docs/extending.md is added as it stands there."""

import re
import socket
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from console.desk import fallout
from console.views import readings
from console.web import status
from console.widgets import names
from probes import check, fitting, target_of
from probes.model import ProbeFailed, Reading, State
from probes.probers import PROBERS, called
from probes.probers.base import KINDS
from tests.sites import wire

GUIDE = Path(__file__).parent.parent / "docs" / "extending.md"


@pytest.fixture(autouse=True)
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    code = re.search(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    (tmp_path / "redis_prober.py").write_text(code[1], encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(PROBERS, "redis", import_module("redis_prober").PROBER)
    yield
    del sys.modules["redis_prober"]


def answering(answer: bytes) -> tuple[State, str]:
    def serve(listening: socket.socket) -> None:
        while True:
            connection, _address = listening.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

    with wire(socket.SOCK_STREAM, serve) as port:
        result = check(target_of(f"redis://127.0.0.1:{port}"), timeout=20)
    return result.state, str(result.why)


def test_it_probes_what_its_addresses_name() -> None:
    assert answering(b"+PONG\r\n") == (State.OK, "None")
    assert answering(b"HTTP/1.1 400 Bad\r\n") == (
        State.DOWN, "The server answers, but not as Redis does."
    )  # fmt: skip
    with pytest.raises(ProbeFailed):
        target_of("redis://")


def test_its_modules_are_edited_by_what_it_declares() -> None:
    assert set(fitting.conditions_of("redis")) >= {"slow", "timeout", "fail_after"}


def test_screens_and_pages_know_it() -> None:
    target = target_of("redis://cache.example:6379")
    assert target.prober == "redis"
    assert names.probe("redis") == "Redis"
    assert called("first byte") == "First byte, s"
    assert readings.name(Reading("first byte", 0.1, "s")) == "First byte, s"
    assert not fallout.of(target, fallout.children([target]), {}).every
    assert status.by_kind([("redis", State.OK)]) == {KINDS[-1]: State.OK}
