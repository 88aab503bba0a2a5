"""Fetches that wait their turn get it, whatever becomes of those before them."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from probes import files
from probes.carrier import Carrier
from probes.probers.fetching import Answer, Fetch
from tests.patience import PATIENCE
from tests.sites import say, web

AT_ONCE = 20


@pytest.mark.parametrize("broken", [1, 5])
def test_addresses_that_cannot_be_fetched_keep_no_others_waiting(broken: int) -> None:
    found: list[Answer] = []
    carrier = Carrier(at_once=AT_ONCE)
    with socket.create_server(("127.0.0.1", 0)) as silent, web(lambda h: say(h, b"")) as url:
        never = Fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        try:
            for _ in range(AT_ONCE - 1):
                carrier.start(never, 60.0, found.append)
            carrier.start(never, 0.3, found.append)
            for _ in range(broken):
                carrier.start(Fetch("http://\N{SNOWMAN}/"), 1.0, found.append)
            carrier.start(Fetch(url), 5.0, found.append)
            until = time.monotonic() + PATIENCE
            while len(found) < broken + 2 and time.monotonic() < until:
                carrier.turn(0.1)
        finally:
            carrier.close()
    assert [answer.status for answer in found if answer.error is None] == [200]
    assert sum(answer.error is not None for answer in found) == broken + 1


def test_a_fetch_that_waited_its_turn_counts_as_the_prober_s_own_lag() -> None:
    found: list[Answer] = []
    carrier = Carrier(at_once=AT_ONCE)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        never = Fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        try:
            for _ in range(AT_ONCE + 1):
                carrier.start(never, 0.7, found.append)
            while len(found) < AT_ONCE + 1:
                carrier.turn(0.1)
        finally:
            carrier.close()
    assert carrier.pace.read() >= 0.5  # the last could begin only when the first had ended


def test_a_thousand_targets_that_hang_keep_no_healthy_one_waiting() -> None:
    files.allow(4_096)
    found: list[Answer] = []
    carrier = Carrier()
    with silent_to_all() as never, web(lambda h: say(h, b"")) as url:
        try:
            for _ in range(1_000):
                carrier.start(Fetch(never), 60.0, found.append)
            carrier.start(Fetch(url), 30.0, found.append)
            until = time.monotonic() + PATIENCE
            while not found and time.monotonic() < until:
                carrier.turn(0.1)
        finally:
            carrier.close()
    assert [answer.status for answer in found] == [200]


def test_what_is_not_read_is_counted_and_bounded() -> None:
    answered = web(lambda h: say(h, b"x" * (5_000 if h.path == "/short" else 50_000)))
    with answered as url:
        short, long = (
            fetched(Fetch(f"{url}/{path}", max_bytes=9_000, read=False))
            for path in ("short", "long")
        )
    assert (short.status, short.size, short.cut) == (200, 5_000, False)
    assert (long.status, long.size, long.cut, long.error) == (200, 9_000, True, None)
    assert short.body == long.body == b""
    assert not short.headers


def fetched(fetch: Fetch) -> Answer:
    found: list[Answer] = []
    carrier = Carrier()
    try:
        carrier.start(fetch, 10.0, found.append)
        while not found:
            carrier.turn(0.1)
    finally:
        carrier.close()
    return found[0]


@contextmanager
def silent_to_all() -> Iterator[str]:
    """An address where every connection is taken, and no answer comes."""
    with socket.create_server(("127.0.0.1", 0), backlog=4_096) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
