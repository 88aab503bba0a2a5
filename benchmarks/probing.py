"""What a probe costs, beside blackbox_exporter's: `python -m benchmarks.probing`.

Both probe the same nginx on loopback (10 KB, Debian's package), the exporter
first: an HTTP request for each probe, 64 at a time, and it keeps nothing. Ours
is the prober's whole process as users run it: it schedules, judges, and writes
every result to SQLite. Prints CPU-seconds a thousand probes, user and system,
and what libcurl's bare loop takes just before and after: it tells how busy the
machine is. All of them, and nginx, take turns on one processor: two that share
a core slow one another down, and the site's work would count as the prober's.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from threading import local
from typing import Any
from urllib.parse import urlencode

from benchmarks import asked, bare
from benchmarks.probed import Site, cpu, probed, prober, school_with, site
from tests import real
from tests.running import free_port

PROGRAM = "prometheus-blackbox-exporter"
AT_ONCE = 64
WARM_UP = 64  # probes of the exporter that do not count
EVERY = timedelta(seconds=1)
SETTLE = 4.0  # seconds after the first results: by then each target is calm
LONGEST = 120.0  # seconds that the first results may take
MODULES = """
modules:
  web:
    prober: http
    timeout: 5s
    http: {{preferred_ip_protocol: ip4, tls_config: {{ca_file: {authority}}}}}
"""
WAYS = {"http_new": "new", "http_kept": "kept", "https_new": "tls_new", "https_kept": "tls_kept"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=1000, help="ours, each every second")
    parser.add_argument("--seconds", type=float, default=10.0, help="of ours that count")
    parser.add_argument("--theirs", type=int, default=2000, help="probes of the exporter's")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    chosen = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    figures: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name, site(Path(name) / "nginx") as nginx:
        for way in chosen.ways:
            address = str(getattr(nginx, WAYS[way]))
            theirs = exporter(Path(name), nginx, address, chosen.theirs)
            authority = str(nginx.certificate)
            least = bare.cost(address, chosen.theirs, authority=authority)
            ours, well = pult(Path(name) / way, nginx, address, chosen.targets, chosen.seconds)
            least += bare.cost(address, chosen.theirs, authority=authority)
            figures[way] = {
                "pult_cpu_s": round(ours, 3),
                "blackbox_cpu_s": round(theirs, 3),
                "bare_loop_cpu_s": round(least / 2, 3),
                "times_fewer": round(theirs / ours, 2),
                "times_the_bare_loop": round(2 * ours / least, 2),
                "answered_well": well,
                "load": os.getloadavg()[0],
            }
    print(json.dumps(figures))
    asked.end(_met(figures))


def _met(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    """Which of the asked limits this run met; what was not measured is left out."""
    limits: dict[str, tuple[str, Callable[[Mapping[str, Any]], bool]]] = {
        "at most 0.15 CPU-s per 1,000": ("http_new", lambda way: way["pult_cpu_s"] <= 0.15),
        "at least 3 times fewer": ("http_new", lambda way: way["times_fewer"] >= 3),
        "HTTPS cold no worse": ("https_new", lambda way: way["times_fewer"] >= 1),
        "HTTPS warm 10 times better": ("https_kept", lambda way: way["times_fewer"] >= 10),
    }
    return {name: met(figures[way]) for name, (way, met) in limits.items() if way in figures}


def pult(data: Path, nginx: Site, address: str, targets: int, seconds: float) -> tuple[float, int]:
    """CPU-seconds of the prober's process a thousand probes, and how many targets are OK."""
    database = school_with(data, [f"{address}{n}" for n in range(targets)], interval=EVERY)
    with prober(data, SSL_CERT_FILE=str(nginx.certificate)) as pid:
        until = time.monotonic() + LONGEST
        while probed(database)[1] < targets:
            assert time.monotonic() < until, "not every target had its first result"
            time.sleep(0.5)
        time.sleep(SETTLE)
        used, kept = cpu(pid), probed(database)[0]
        time.sleep(seconds)
        used, kept = cpu(pid) - used, probed(database)[0] - kept
    with database.read("metrics") as mtx:
        well = mtx.exec_driver_sql("SELECT COUNT(*) FROM latest WHERE state = 4").scalar_one()
    database.close()
    return 1000 * used / kept, int(well)


def exporter(folder: Path, nginx: Site, address: str, probes: int) -> float:
    """CPU-seconds of blackbox_exporter's process a thousand probes."""
    modules, port = folder / "modules.yml", free_port()
    modules.write_text(MODULES.format(authority=nginx.certificate), encoding="utf-8")
    with blackbox(port, modules) as pid:
        ask(port, address, WARM_UP)
        used = cpu(pid)
        ask(port, address, probes)
        return 1000 * (cpu(pid) - used) / probes


@contextmanager
def blackbox(port: int, modules: Path) -> Iterator[int]:
    """The exporter on that port; its process's number."""
    listen = f"--web.listen-address=127.0.0.1:{port}"
    with real.serving(port, PROGRAM, listen, f"--config.file={modules}", "--log.level=error"):
        yield _pid_of(str(modules))


def ask(port: int, address: str, probes: int) -> None:
    """Have the exporter probe so often, over connections that are kept."""
    own = local()

    def one(number: int) -> None:
        if not hasattr(own, "wire"):
            own.wire = HTTPConnection("127.0.0.1", port, timeout=30)
        query = urlencode({"module": "web", "target": f"{address}{number}"})
        own.wire.request("GET", f"/probe?{query}")
        assert b"\nprobe_success 1\n" in own.wire.getresponse().read(), "the exporter found it down"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, range(probes)))


def _pid_of(argument: str) -> int:
    """The process that was started with an argument ending so."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_text(encoding="utf-8").split("\0")
        except OSError:
            continue
        if PROGRAM in arguments[0] and any(each.endswith(argument) for each in arguments):
            return int(folder.name)
    raise LookupError(argument)


if __name__ == "__main__":
    main()
