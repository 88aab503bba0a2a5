"""Fetches that wait their turn get it, whatever becomes of those before them."""

import socket
import time

import pytest

from probes.carrier import AT_ONCE, Carrier
from probes.probers.base import Answer, Fetch
from tests.sites import say, web


@pytest.mark.parametrize("broken", [1, 5])
def test_addresses_that_cannot_be_fetched_keep_no_others_waiting(broken: int) -> None:
    found: list[Answer] = []
    carrier = Carrier()
    with socket.create_server(("127.0.0.1", 0)) as silent, web(lambda h: say(h, b"")) as url:
        never = Fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        try:
            for _ in range(AT_ONCE - 1):
                carrier.start(never, 60.0, found.append)
            carrier.start(never, 0.3, found.append)
            for _ in range(broken):
                carrier.start(Fetch("http://\N{SNOWMAN}/"), 1.0, found.append)
            carrier.start(Fetch(url), 5.0, found.append)
            until = time.monotonic() + 10
            while len(found) < broken + 2 and time.monotonic() < until:
                carrier.turn(0.1)
        finally:
            carrier.close()
    assert [answer.status for answer in found if answer.error is None] == [200]
    assert sum(answer.error is not None for answer in found) == broken + 1


def test_a_fetch_that_waited_its_turn_counts_as_the_prober_s_own_lag() -> None:
    found: list[Answer] = []
    carrier = Carrier()
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
