"""Debian's blackbox_exporter as a second opinion: on the same targets both say the same."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from probes import check, target_of
from probes.model import Result, State
from tests import real
from tests.running import free_port
from tests.sites import certificate, say, web

pytestmark = pytest.mark.servers

PROGRAM = "prometheus-blackbox-exporter"
MODULES = """
modules:
  http:
    prober: http
    timeout: 5s
    http:
      preferred_ip_protocol: ip4
      tls_config: {{ca_file: {authority}}}
  tcp:
    prober: tcp
    timeout: 5s
    tcp: {{preferred_ip_protocol: ip4}}
"""


@dataclass(frozen=True)
class Blackbox:
    """Where it answers, and the file of the one certificate that it trusts."""

    url: str
    authority: Path

    def probe(self, target: str, module: str) -> dict[str, float]:
        """The values without labels of one probe, by their names."""
        answer = requests.get(
            f"{self.url}/probe", params={"target": target, "module": module}, timeout=60
        )
        answer.raise_for_status()
        families = text_string_to_metric_families(answer.text)
        return {s.name: s.value for family in families for s in family.samples if not s.labels}


@pytest.fixture(scope="module")
def blackbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blackbox]:
    real.need(PROGRAM)
    folder, port = tmp_path_factory.mktemp("blackbox"), free_port()
    authority = certificate(folder / "site.pem", days=60)
    (folder / "modules.yml").write_text(MODULES.format(authority=authority))
    listen = f"--web.listen-address=127.0.0.1:{port}"
    with real.serving(port, PROGRAM, listen, f"--config.file={folder / 'modules.yml'}"):
        yield Blackbox(f"http://127.0.0.1:{port}", authority)


def agreed(blackbox: Blackbox, url: str) -> tuple[bool, Result, dict[str, float]]:
    """What both say of a web address, once it is sure that they say the same."""
    ours, theirs = check(target_of(url), timeout=30), blackbox.probe(url, "http")
    assert (ours.state is State.OK) == bool(theirs["probe_success"]), f"{ours} {theirs}"
    return bool(theirs["probe_success"]), ours, theirs


def value(result: Result, name: str) -> float:
    return next(reading.value for reading in result.readings if reading.name == name)


@pytest.mark.parametrize(("status", "good"), [(200, True), (204, True), (404, False), (500, False)])
def test_both_judge_a_status_alike(blackbox: Blackbox, status: int, good: bool) -> None:
    with web(lambda handler: say(handler, b"", status)) as url:
        success, ours, theirs = agreed(blackbox, url)
    assert success is good
    assert value(ours, "status") == theirs["probe_http_status_code"] == status


def test_both_find_a_closed_port_down(blackbox: Blackbox) -> None:
    with web(lambda handler: say(handler, b"")) as url:
        opened = agreed(blackbox, url)[0], _tcp(blackbox, url)
    assert opened == (True, True)
    assert (agreed(blackbox, url)[0], _tcp(blackbox, url)) == (False, False)


def _tcp(blackbox: Blackbox, url: str) -> bool:
    place = url.removeprefix("http://")
    theirs = bool(blackbox.probe(place, "tcp")["probe_success"])
    assert (check(target_of(place), timeout=30).state is State.OK) == theirs
    return theirs


@pytest.mark.parametrize(("days", "good"), [(60.0, True), (-1.0, False)])
def test_both_trust_a_certificate_until_it_expires(
    blackbox: Blackbox, monkeypatch: pytest.MonkeyPatch, days: float, good: bool
) -> None:
    file = certificate(blackbox.authority, days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with web(lambda handler: say(handler, b""), certificate=file) as url:
        success, ours, theirs = agreed(blackbox, url)
    assert success is good
    if good:
        left = (theirs["probe_ssl_earliest_cert_expiry"] - time.time()) / 86_400
        assert value(ours, "certificate") == pytest.approx(left, abs=0.02)
    else:
        assert ours.state is State.DOWN
        assert "certificate" in str(ours.why)
