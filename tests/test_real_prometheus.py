"""A real Prometheus scrapes the console, and its query API shows what the console knows."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import requests

from probes import targets
from store import access, db, schools
from tests import real
from tests.running import START, Running, console, free_port
from tests.sites import say, web
from tests.test_shell_children import wait_for
from tests.test_shell_console import browser, code, set_up

pytestmark = pytest.mark.servers

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
        assert wait_for(lambda: all(id_ in _metrics(pult) for id_ in ids.values()), START)
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


def _metrics(pult: Running) -> str:
    token = {"Authorization": f"Bearer {TOKEN}"}
    answer = requests.get(f"{pult.url}/metrics", headers=token, timeout=10)
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
    answer = requests.get(f"{prometheus}/api/v1/query", params={"query": expression}, timeout=10)
    if answer.status_code == 503:  # it listens before it is ready
        return {}
    answer.raise_for_status()
    return {
        series["metric"][label]: float(series["value"][1])
        for series in answer.json()["data"]["result"]
    }


def settled(read: Callable[[], dict[str, float]], wanted: dict[str, float]) -> dict[str, float]:
    """What is read as soon as it is what is wanted, or when patience ends."""
    until = time.monotonic() + real.PATIENCE
    while (found := read()) != wanted and time.monotonic() < until:
        time.sleep(0.1)
    return found


def test_what_is_served_is_clean_to_promtool(pult: Running, probed: dict[bool, str]) -> None:
    served = _metrics(pult)
    assert probed[True] in served
    # promtool overlooks a metric without values: there, the line of its type gets one.
    filled = re.sub(r"^(# TYPE (\S+) \S+)\n(?!\2)", r"\1\n\2 1\n", served, flags=re.MULTILINE)
    for text in (served, filled):
        done = subprocess.run(
            [str(real.find("promtool")), "check", "metrics"],
            input=text, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_prometheus_shows_each_targets_last_probe(prometheus: str, probed: dict[bool, str]) -> None:
    wanted = {probed[True]: 1.0, probed[False]: 0.0}
    found = settled(lambda: query(prometheus, "probe_success", "target"), wanted)
    assert found == wanted
    took = query(prometheus, "max_over_time(probe_duration_seconds[1m])", "target")
    assert set(took) == {probed[True]}  # what did not answer took no time
    assert 0 < took[probed[True]] < 5


def test_prometheus_shows_every_part_alive(prometheus: str) -> None:
    wanted = dict.fromkeys(("console", "prober", "worker", "public"), 1.0)
    assert settled(lambda: query(prometheus, "pult_part_up", "part"), wanted) == wanted


def test_prometheus_with_another_token_gets_nothing(prometheus: str) -> None:
    wanted = {"pult": 1.0, "stranger": 0.0}
    assert settled(lambda: query(prometheus, "up", "job"), wanted) == wanted
    parts = query(prometheus, "max_over_time(pult_part_up[1m])", "job")
    assert set(parts) == {"pult"}
