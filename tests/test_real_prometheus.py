"""A real Prometheus scrapes the console in both ways, and the console draws its history."""

import json
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import requests

from console import sections
from console.desk.histories import Histories
from console.sections import Settings
from console.wiring import Console
from probes import targets
from probes.prometheus import Prometheus
from store import access, db, schools
from store.vault import Vault
from tests import real, stage
from tests.patience import ENDED, HANG
from tests.running import START, Running, console, free_port
from tests.sites import say, web
from tests.test_shell_children import wait_for
from tests.test_shell_console import browser, code, set_up

pytestmark = pytest.mark.servers

DOCS = Path(__file__).parent.parent / "docs" / "prometheus"
TOKEN = "a-token-for-prometheus"
CONFIG = """
global: {{scrape_interval: 2s, scrape_timeout: 2s}}
scrape_configs:
  - job_name: pult
    authorization: {{credentials: {token}}}
    static_configs: [{{targets: ["{place}"]}}]
  - job_name: stranger
    authorization: {{credentials: another-token}}
    static_configs: [{{targets: ["{place}"]}}]
  - job_name: pult-probe
    authorization: {{credentials: {token}}}
    http_sd_configs:
      - url: http://{place}/sd
        refresh_interval: 2s
        authorization: {{type: Bearer, credentials: {token}}}
"""


@pytest.fixture(scope="module")
def pult(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A console with a school of its own."""
    real.need("prometheus", "promtool")
    folder = tmp_path_factory.mktemp("console")
    with console(folder / "data", PULT_SERVER_METRICS_TOKEN=TOKEN) as running:
        assert set_up(running, browser(), code(running)).status_code == 303
        yield running


@pytest.fixture(scope="module")
def probed(pult: Running) -> Iterator[dict[bool, str]]:
    """The ids of a target that answers (True) and one that does not (False), both probed."""
    with web(lambda handler: say(handler, b"")) as down:
        pass
    with web(lambda handler: say(handler, b"here")) as up:
        ids = {True: _watch(pult, "LMS", up), False: _watch(pult, "Library", down)}
        known = [f'probe_success{{prober="http",school="{_school(pult)}",target="{id_}"}}'
                 for id_ in ids.values()]  # fmt: skip
        assert wait_for(lambda: all(series in _get(pult, "/metrics") for series in known), START)
        yield ids


def _watch(pult: Running, name: str, address: str) -> str:
    base = db.connect(pult.data)
    try:
        with base.begin() as tx:
            (school_id,) = schools.every_id(tx)
            actor = access.system(school_id)
            return targets.add(
                tx,
                actor,
                school_id,
                name=name,
                prober="http",
                address=address,
                now=datetime.now(UTC),
            )
    finally:
        base.close()


def _school(pult: Running) -> str:
    base = db.connect(pult.data)
    try:
        with base.read() as tx:
            (school_id,) = schools.every_id(tx)
            return school_id
    finally:
        base.close()


def _asked(pult: Running, path: str, **headers: str) -> requests.Response:
    token = {"Authorization": f"Bearer {TOKEN}"}
    return requests.get(f"{pult.url}{path}", headers=token | headers, timeout=60)


def _get(pult: Running, path: str) -> str:
    answer = _asked(pult, path)
    answer.raise_for_status()
    return answer.text


@pytest.fixture(scope="module")
def prometheus(
    pult: Running, probed: dict[bool, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    place = pult.url.removeprefix("http://")
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(token=TOKEN, place=place))
    options = [
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with real.serving(port, "prometheus", *options):
        yield f"http://127.0.0.1:{port}"


def query(prometheus: str, expression: str, label: str) -> dict[str, float]:
    """The newest values by one label."""
    return {
        series["metric"][label]: float(series["value"][1])
        for series in _result(prometheus, expression)
    }


def _result(prometheus: str, expression: str) -> list[Any]:
    answer = requests.get(f"{prometheus}/api/v1/query", params={"query": expression}, timeout=60)
    if answer.status_code == 503:  # it listens before it is ready
        return []
    answer.raise_for_status()
    found: list[Any] = answer.json()["data"]["result"]
    return found


def settled(read: Callable[[], dict[str, float]], wanted: dict[str, float]) -> dict[str, float]:
    """What is read as soon as it is what is wanted, or when patience ends."""
    until = time.monotonic() + real.PATIENCE
    while (found := read()) != wanted and time.monotonic() < until:
        time.sleep(0.1)
    return found


def promtool(*arguments: str, given: str = "") -> tuple[int, str, str]:
    done = subprocess.run(
        [str(real.find("promtool")), *arguments],
        input=given, capture_output=True, text=True, timeout=60, check=False, cwd=DOCS,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_what_is_served_is_clean_to_promtool(pult: Running, probed: dict[bool, str]) -> None:
    for path in ("/metrics", f"/probe?target={probed[True]}", f"/probe?target={probed[False]}"):
        served = _get(pult, path)
        assert "probe_success" in served
        # promtool overlooks a metric without values: there, the line of its type gets one.
        filled = re.sub(r"^(# TYPE (\S+) \S+)\n(?!\2)", r"\1\n\2 1\n", served, flags=re.MULTILINE)
        for text in (served, filled):
            assert promtool("check", "metrics", given=text) == (0, "", ""), path


def test_the_rules_of_the_documents_alert_on_what_they_say() -> None:
    real.need("promtool")
    assert promtool("check", "rules", "--lint-fatal", "rules.yml")[0] == 0
    told = promtool("test", "rules", "rules_test.yml")
    assert told[0] == 0, told


def test_the_configuration_of_the_documents_is_one(tmp_path: Path) -> None:
    real.need("promtool")
    (tmp_path / "token").touch()
    (tmp_path / "rules.yml").write_text((DOCS / "rules.yml").read_text())
    written = (DOCS / "prometheus.yml").read_text()
    config = tmp_path / "prometheus.yml"
    config.write_text(written.replace("/etc/prometheus/pult.token", str(tmp_path / "token")))
    told = promtool("check", "config", str(config))
    assert told[0] == 0, told


@pytest.mark.parametrize("job", ["pult", "pult-probe"])
def test_prometheus_shows_each_targets_last_probe(
    prometheus: str, probed: dict[bool, str], job: str
) -> None:
    wanted = {probed[True]: 1.0, probed[False]: 0.0}
    success = f'probe_success{{job="{job}"}}'
    assert settled(lambda: query(prometheus, success, "target"), wanted) == wanted
    took = f'max_over_time(probe_duration_seconds{{job="{job}"}}[1m])'
    seconds = query(prometheus, took, "target")
    # The last answer's time alone is kept; a scrape tells also how long it waited for none.
    assert set(seconds) == ({*wanted} if job == "pult-probe" else {probed[True]})
    assert min(seconds.values()) > 0


def test_every_target_is_an_instance_of_its_own(prometheus: str, probed: dict[bool, str]) -> None:
    wanted = dict.fromkeys(probed.values(), 1.0)
    up = 'up{job="pult-probe"}'
    assert settled(lambda: query(prometheus, up, "instance"), wanted) == wanted


def test_prometheus_shows_every_part_alive(prometheus: str) -> None:
    wanted = dict.fromkeys(("console", "prober", "worker", "public"), 1.0)
    assert settled(lambda: query(prometheus, "pult_part_up", "part"), wanted) == wanted


def test_prometheus_with_another_token_gets_nothing(prometheus: str) -> None:
    wanted = {"pult": 1.0, "stranger": 0.0}
    up = 'up{job=~"pult|stranger"}'
    assert settled(lambda: query(prometheus, up, "job"), wanted) == wanted
    parts = query(prometheus, "max_over_time(pult_part_up[1m])", "job")
    assert set(parts) == {"pult"}


def test_the_console_draws_what_prometheus_kept(
    pult: Running, prometheus: str, probed: dict[bool, str]
) -> None:
    """All of our own samples are gone: only Prometheus can still tell."""
    wanted = {probed[True]: 1.0, probed[False]: 0.0}
    assert settled(lambda: query(prometheus, "probe_success", "target"), wanted) == wanted
    school_id, now = _school(pult), datetime.now(UTC)
    actor, empty = access.system(school_id), db.connect(pult.data.parent / "empty")
    try:
        charts = Histories(empty, Prometheus(prometheus))
        for target_id, up in wanted.items():
            past = charts.of(
                actor, school_id, target_id, since=now - timedelta(minutes=5), until=now
            )
            assert past.problem is None
            assert {point.up for point in past.points} == {up}
            assert all(now - timedelta(minutes=5) <= point.at <= now for point in past.points)
            answered = [point.seconds for point in past.points if point.seconds is not None]
            assert all(seconds > 0 for seconds in answered)
            assert bool(answered) is bool(up)
        other = charts.of(actor, school_id, "another", since=now - timedelta(minutes=5), until=now)
        assert (other.points, other.problem) == ([], None)
    finally:
        empty.close()


def test_the_page_of_a_target_draws_what_prometheus_kept(
    pult: Running, prometheus: str, probed: dict[bool, str], tmp_path: Path
) -> None:
    wanted = {probed[True]: 1.0, probed[False]: 0.0}
    assert settled(lambda: query(prometheus, "probe_success", "target"), wanted) == wanted
    (tmp_path / "data").mkdir()
    for name in ("operations.sqlite3", "metrics.sqlite3"):
        with (
            closing(sqlite3.connect(pult.data / name)) as running,
            closing(sqlite3.connect(tmp_path / "data" / name)) as copy,
        ):
            running.backup(copy)
    base = db.connect(tmp_path / "data")
    try:
        with base.begin("metrics") as mtx:
            for table in ("sample", "rollup_minute", "rollup_hour"):
                mtx.exec_driver_sql(f"DELETE FROM {table}")
        with base.read() as tx:
            (school,) = schools.in_scope(tx, access.system(_school(pult)))
        given = Settings(prometheus=sections.Prometheus(url=prometheus))
        shown = Console(given, base, Vault(stage.KEY))
        at = stage.screen("target", shown, access.system(school.id), school, id=probed[True])
        (chart,) = at.get("plotly_chart")
        drawn = json.loads(chart.proto.spec)["data"]
        assert any(line["y"] for line in drawn), drawn
    finally:
        base.close()


def test_every_query_of_the_dashboard_is_answered(prometheus: str, probed: dict[bool, str]) -> None:
    board = json.loads((DOCS / "dashboard.json").read_text(encoding="utf-8"))
    known = {probed[True]: 1.0, probed[False]: 0.0}
    settled(lambda: query(prometheus, "probe_success", "target"), known)
    silent = {  # what this school has none of: rooms, cases, certificates
        panel["title"]
        for panel in board["panels"]
        for target in panel["targets"]
        if not _result(
            prometheus, target["expr"].replace("$school", ".*").replace("$__range", "5m")
        )
    }
    assert silent <= {
        "People in lessons",
        "Waiting for review",
        "People by media server",
        "Fullest rooms",
        "Certificates, the first to expire",
    }


def test_a_probe_is_of_a_target_that_is_kept_and_of_no_address(
    pult: Running, probed: dict[bool, str]
) -> None:
    assert "probe_success 1.0" in _get(pult, "/probe?target=LMS")
    asked: list[str] = []

    def note(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        say(handler, b"")

    with web(note) as inside:
        for path in (
            f"/probe?target={inside}",
            f"/probe?target={inside}&module=http",
            "/probe?target=127.0.0.1:22",
            "/probe?target=",
            "/probe",
            f"/probe?target=LMS%00&address={inside}",
        ):
            assert _asked(pult, path).status_code == 404, path
    assert asked == []
    for path in ("/probe?target=LMS", "/sd"):
        assert requests.get(f"{pult.url}{path}", timeout=60).status_code == 401


def test_a_probe_ends_half_a_second_before_its_scrape_does(pult: Running) -> None:
    with web(lambda _handler: time.sleep(HANG)) as slow:
        id_ = _watch(pult, "Slow", slow)
        began = time.monotonic()
        told = _asked(
            pult, f"/probe?target={id_}", **{"X-Prometheus-Scrape-Timeout-Seconds": "1.5"}
        )
        took = time.monotonic() - began
    assert "probe_success 0.0" in told.text
    assert "within 1" not in told.text  # sentences are for people
    assert 0.9 < took < ENDED
