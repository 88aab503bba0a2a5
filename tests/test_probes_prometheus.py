"""A target's past from Prometheus: what is asked, what is believed, what is done without it."""

import json
import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from console.desk.histories import Histories
from platforms.base import PlatformError
from probes import prometheus
from probes.history import Point
from probes.model import Reading, State, Target
from probes.probers.base import Verdict
from probes.prometheus import Prometheus
from probes.scraping import CERTIFICATE, exposition, metric
from store import access
from store.access import Actor
from store.db import Database
from store.schools import School
from tests.conftest import NOON
from tests.test_probes_results import add, write
from tests.wire import as_json, reply, serving

HOUR = timedelta(hours=1)


def series(**values: list[tuple[float, str]]) -> bytes:
    result = [{"metric": {"is": name}, "values": held} for name, held in values.items()]
    return as_json({"status": "success", "data": {"resultType": "matrix", "result": result}})


def ask(url: str) -> list[Point]:
    return prometheus.history(Prometheus(url), "s", "t", since=NOON - HOUR, until=NOON)


def test_a_point_is_the_mean_of_the_time_around_it_and_no_number_is_a_gap() -> None:
    at = NOON.timestamp() - 600
    answer = series(up=[(at, "0.5"), (at + 15, "1")], seconds=[(at, "0.25"), (at + 15, "NaN")])
    with serving(answer) as wire:
        first, second = ask(wire.url)
    assert (first.seconds, first.up) == (0.25, 0.5)
    assert (second.seconds, second.up) == (None, 1.0)
    assert first.at == NOON - timedelta(seconds=607.5)


def test_only_this_school_s_target_is_asked_for_in_few_points() -> None:
    with serving(series()) as wire:
        prometheus.history(
            Prometheus(wire.url), 's"x', "t\\", since=NOON - 400 * 24 * HOUR, until=NOON,
            points=100_000,
        )  # fmt: skip
    (asked,) = wire.asked
    assert '{school="s\\"x",target="t\\\\"}' in asked.query["query"]
    assert 400 * 86_400 / float(asked.query["step"]) <= 11_000


@pytest.mark.parametrize(
    "answer",
    [
        reply("<html>Sign in</html>"),
        reply(json.dumps({"status": "error"}), status="400 Bad Request"),
        reply("[" * 100_000),
        reply("x" * 5_000_000),
        as_json({"data": {"result": [{"metric": {}, "values": []}]}}),
        as_json({"data": {"result": [{"metric": {"is": "up"}, "values": [[1, "1,234"]]}]}}),
        as_json({"data": {"result": 7}}),
        reply("", status="302 Found", more="Location: http://127.0.0.1:1/\r\n"),
    ],
    ids=["page", "error", "nested", "endless", "no label", "comma", "number", "redirect"],
)
def test_what_is_no_answer_of_a_prometheus_is_a_sentence(answer: bytes) -> None:
    with serving(answer) as wire, pytest.raises(PlatformError):
        ask(wire.url)


def test_without_prometheus_the_charts_show_what_pult_kept_and_say_so(
    database: Database, school: School, ana: Actor, zoe: Actor
) -> None:
    target = add(database, ana, school)
    write(database, target, NOON, seconds=0.2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # it does not listen
        charts = Histories(database, Prometheus(f"http://127.0.0.1:{taken.getsockname()[1]}"))
        for _ in range(2):  # the second time it is not asked again, and that is still said
            past = charts.of(ana, school.id, target.id, since=NOON - HOUR, until=NOON + HOUR)
            assert [point.seconds for point in past.points] == [0.2]
            assert "does not answer" in str(past.problem)
        with pytest.raises(access.Denied):
            charts.of(zoe, school.id, target.id, since=NOON - HOUR, until=NOON)


def test_a_reading_s_metric_has_its_unit_in_its_name() -> None:
    found = [
        metric(Reading(named, 1.0, unit))
        for named, unit in (
            ("first byte", "s"), ("round trip", "ms"), ("size", "B"), ("bit rate", "bit/s"),
            ("status", ""), ("速度", "s"), ("depth", "furlong"),
        )
    ]  # fmt: skip
    assert found == [
        "probe_first_byte_seconds", "probe_round_trip_seconds", "probe_size_bytes",
        "probe_bit_rate_bits_per_second", "probe_status", None, None,
    ]  # fmt: skip


def test_what_is_not_known_has_no_series() -> None:
    target = Target("t", "s", "Stream", "hls", "https://live.example/x.m3u8")
    readings = (Reading("success", 9.0, ""), Reading("certificate", 1.0, "d"))
    unsure = Verdict(readings=readings, judged=False)
    text = exposition(target, unsure, took=0.25, now=NOON).decode()
    assert "probe_success" not in text
    assert "probe_duration_seconds 0.25" in text
    assert "pult_room_participants{" not in text
    assert 'pult_target_state{state="unknown"} 1.0' in text
    (ends,) = (float(line.split()[1]) for line in text.splitlines() if line.startswith(CERTIFICATE))
    assert ends == NOON.timestamp() + 86_400
    judged = replace(unsure, judged=True, state=State.SUSPECT, seconds=0.5)
    sure = exposition(target, judged, took=9.0, now=NOON).decode()
    assert "probe_duration_seconds 0.5" in sure
    assert "probe_success 0.0" in sure
