"""One probe for one scrape of Prometheus: https://prometheus.io/docs/guides/multi-target-exporter/.

What could not be read has no series, never zero.
"""

import re
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from platforms.base import PlatformError
from probes.checking import Adapters, verdict_of
from probes.model import Beat, Reading, RoomCount, State, Target
from probes.probers.base import Context, Memory, Verdict
from probes.probers.conditions import number
from probes.probers.settable import within
from probes.runner import Runner

UNITS = {"": ("", 1), "s": ("_seconds", 1), "ms": ("_seconds", 0.001), "B": ("_bytes", 1)}
UNITS |= {"bit/s": ("_bits_per_second", 1), "%": ("_ratio", 0.01), "ratio": ("_ratio", 1)}
DAY, MINUTE = 86_400, 60  # seconds
OWN = {"probe_success", "probe_duration_seconds"}
CERTIFICATE = "probe_ssl_earliest_cert_expiry"  # blackbox_exporter's name for it


class Scraper:
    """What a look noted is kept for the next one, so that a stream is judged by its movement."""

    def __init__(self, adapters: Adapters, *, loopback_only: bool = False) -> None:
        self._adapters = adapters
        self._loopback_only = loopback_only
        self._memories: dict[tuple[str, str], tuple[Target, Memory]] = {}  # by target and module
        self._busy: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def scrape(self, target: Target, *, timeout: float, beat: Beat | None = None) -> bytes:
        """Probe now, within so many seconds; the text of what was found, on a registry of its own.

        The caller has looked who asks. One at a time for each target.
        """
        until = time.monotonic() + timeout
        busy = self._busy[target.id]
        verdict, took = Verdict(state=State.UNKNOWN), timeout
        if busy.acquire(timeout=timeout):
            try:
                left = max(until - time.monotonic(), 0.1)
                began = time.monotonic()
                verdict = self._look(target, min(left, number(target, within(left))), beat)
                took = time.monotonic() - began
            finally:
                busy.release()
        return exposition(target, verdict, took=took, now=datetime.now(UTC))

    def keep_only(self, known: Collection[str]) -> None:
        """Forget what was noted of targets that are probed no more."""
        for target_id in [each for each in list(self._busy) if each not in known]:
            if not self._busy[target_id].locked():
                for key in [key for key in list(self._memories) if key[0] == target_id]:
                    del self._memories[key]
                self._busy.pop(target_id, None)

    def _look(self, target: Target, timeout: float, beat: Beat | None) -> Verdict:
        key = target.id, target.module_id or ""
        known, memory = self._memories.get(key, (None, {}))
        if known != target:
            memory = {}
            self._memories[key] = target, memory
        try:
            adapter = self._adapters(target.connection_id) if target.connection_id else None
        except PlatformError:
            return Verdict(state=State.UNKNOWN)
        runner = Runner(loopback_only=self._loopback_only)
        try:
            now, alone = time.monotonic(), self._loopback_only
            context = Context(timeout, now, memory, True, adapter, alone, beat)
            return verdict_of(runner, target, context)
        finally:
            runner.close()


def exposition(target: Target, verdict: Verdict, *, took: float, now: datetime) -> bytes:
    """The verdict as Prometheus reads it; one that is not sure yet says nothing of success.

    `took`: seconds until nothing came, where nothing was measured.
    """
    registry = CollectorRegistry()
    state = verdict.state if verdict.judged else State.UNKNOWN
    words = "1 for the state that the probe found"
    Gauge("pult_target_state", words, ["state"], registry=registry).labels(state.value).set(1)
    if state is not State.UNKNOWN:
        words = "1 if the probe was OK, 0 if not"
        Gauge("probe_success", words, registry=registry).set(state is State.OK)
    words = "How long the answer took, or until there was none"
    seconds = took if verdict.seconds is None else verdict.seconds
    Gauge("probe_duration_seconds", words, registry=registry).set(seconds)
    for name, value in sorted(_values(verdict.readings, now).items()):
        words = "A reading of the probe"
        Gauge(name, words, registry=registry).set(value)
    _rooms(registry, target, verdict.rooms or ())
    return generate_latest(registry)


def _values(readings: Sequence[Reading], now: datetime) -> dict[str, float]:
    found: dict[str, float] = {}
    for reading in readings:
        expiry = certificate_ends(reading, now)
        if expiry is not None:
            found[CERTIFICATE] = expiry
        elif (name := metric(reading)) and name not in OWN:
            found[name] = reading.value * UNITS[reading.unit][1]
    return found


def certificate_ends(reading: Reading, at: datetime) -> float | None:
    """When the certificate expires, as Unix time; None for another reading.

    To the minute: a number that changes tells of another certificate.
    """
    if (reading.name, reading.unit) != ("certificate", "d"):
        return None
    return round((at.timestamp() + reading.value * DAY) / MINUTE) * MINUTE


def metric(reading: Reading) -> str | None:
    """The metric of a reading, by the conventions; None where its name or unit makes none."""
    stem = re.sub(r"\W+", "_", reading.name.lower(), flags=re.ASCII).strip("_")
    if not stem or reading.unit not in UNITS or not stem[0].isalpha():
        return None
    return f"probe_{stem}{UNITS[reading.unit][0]}"


def _rooms(registry: CollectorRegistry, target: Target, rooms: tuple[RoomCount, ...]) -> None:
    """Labels are the rooms' stable ids; a count that the server does not tell is left out."""
    labels, place = ["connection", "room"], target.connection_id or ""
    people = Gauge("pult_room_participants", "People in the room", labels, registry=registry)
    seats = Gauge("pult_room_seats", "Seats of the room", labels, registry=registry)
    for room in rooms:
        if room.participants is not None:
            people.labels(place, room.external_id).set(room.participants)
        if room.seats is not None:
            seats.labels(place, room.external_id).set(room.seats)
