"""The Prometheus prober against answers byte by byte, and against a real Prometheus."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from probes import check
from probes.model import Module, Result, State, Target
from probes.probers import PROBERS
from tests import real, wire
from tests.running import free_port

LIMITS: Module = {"query": "x", "down_above": 10, "suspect_above": 5, "down_below": 1}


def probe(address: str, module: Module, **secrets: str) -> Result:
    return check(Target("", "", "x", "prometheus", address, module, secrets=secrets), timeout=30)


def told(*values: object) -> bytes:
    series = [{"metric": {}, "value": [1.5, value]} for value in values]
    return wire.as_json({"status": "success", "data": {"resultType": "vector", "result": series}})


def answered(answer: bytes, module: Module = LIMITS) -> Result:
    with wire.serving(answer) as server:
        return probe(server.url, module)


@pytest.mark.parametrize(
    ("values", "state", "words"),
    [
        (["3"], State.OK, "None"),
        (["10.5"], State.DOWN, "It is 10.5, above 10."),
        (["+Inf"], State.DOWN, "It is inf, above 10."),
        (["3", "6", "4"], State.SUSPECT, "It is 6, above 5."),
        (["6", "0.5"], State.DOWN, "It is 0.5, below 1."),
        (["NaN", "100"], State.DOWN, "It is 100, above 10."),
        (["NaN", "3", "4"], State.UNKNOWN, "1 of 3 series give no number."),
        (["NaN"], State.UNKNOWN, "The expression gives no number."),
        ([], State.UNKNOWN, "The expression gives no number."),
    ],
)
def test_the_worst_number_is_judged(values: list[str], state: State, words: str) -> None:
    result = answered(told(*values))
    assert (result.state, str(result.why)) == (state, words)


def test_no_number_may_be_good_news() -> None:
    for values in ([], ["NaN"], ["NaN", "3"]):
        assert answered(told(*values), {**LIMITS, "empty": "ok"}).state is State.OK


@pytest.mark.parametrize(
    "answer",
    [
        wire.reply("<html>", status="200 OK"),
        wire.reply("[" * 100_000),
        wire.reply(json.dumps([1, 2])),
        wire.as_json({"status": "success", "data": {"resultType": "matrix", "result": [{}]}}),
        wire.as_json({"status": "success", "data": None}),
        told("1,234"),
        told("1_234"),
        told(12),
        told("9" * 2_000_000),
        wire.reply("", status="302 Found", more="Location: http://127.0.0.1:1/\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
    ],
)
def test_what_is_no_answer_is_unknown_and_never_zero(answer: bytes) -> None:
    result = answered(answer)
    assert result.state is State.UNKNOWN
    assert result.why is not None
    assert "value" not in [reading.name for reading in result.readings]


def test_the_token_goes_along_and_nowhere_else() -> None:
    with wire.serving(wire.reply("", status="401 Unauthorized")) as server:
        result = probe(server.url, LIMITS, token="of-the-school")
    assert (result.state, str(result.why)) == (
        State.UNKNOWN,
        "Prometheus refuses the token (status 401).",
    )
    assert server.asked[0].headers["authorization"] == "Bearer of-the-school"
    assert all("of-the-school" not in asked.target for asked in server.asked)


def test_what_cannot_be_asked_is_refused() -> None:
    fine = Target("", "", "x", "prometheus", "http://a.test:9090", LIMITS)
    assert PROBERS["prometheus"].refuse(fine) is None
    for address, module in (
        (fine.address, {}),
        (fine.address, {"query": "up"}),
        (fine.address, {**LIMITS, "empty": "down"}),
        ("prometheus:9090", LIMITS),
        ("http://a.test:9090/?x=1", LIMITS),
    ):
        target = Target("", "", "x", "prometheus", address, module)
        assert PROBERS["prometheus"].refuse(target) is not None


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    real.need("prometheus")
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    config: Path = folder / "prometheus.yml"
    config.write_text("global: {}\n")
    options = [
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with real.serving(port, "prometheus", *options):
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + real.PATIENCE
        while requests.get(f"{url}/-/ready", timeout=60).status_code != 200:
            assert time.monotonic() < until, "it listens, but is not ready"
            time.sleep(0.1)
        yield url


@pytest.mark.servers
def test_a_real_prometheus_tells_what_an_expression_is_worth(prometheus: str) -> None:
    for query, state in (
        ("vector(3)", State.OK),
        ("4 + 8", State.DOWN),
        ("absent(nothing)", State.OK),
        ("nothing", State.UNKNOWN),
    ):
        result = probe(prometheus, {**LIMITS, "query": query})
        assert (query, result.state) == (query, state)
    broken = probe(prometheus, {**LIMITS, "query": "sum("})
    assert broken.state is State.UNKNOWN
    assert str(broken.why).startswith("Prometheus cannot answer: invalid parameter")
