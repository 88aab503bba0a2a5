"""What a probe costs, beside blackbox_exporter's: `python -m benchmarks.probing`.

Both probe the same nginx on loopback (10 KB, Debian's package), the exporter
first: an HTTP request for each probe, 64 at a time, and it keeps nothing. Ours
is the prober's whole process as users run it: it schedules, judges, and writes
every result to SQLite. Prints CPU-seconds a thousand probes, user and system,
and what libcurl's bare loop takes just before and after: it tells how busy the
machine is. They run one after the other, some rounds of them, and the medians
count: a shared machine is half as fast at times. All of them, and nginx, take
turns on one processor: two that share a core slow one another down, and the
site's work would count as the prober's.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from threading import local
from urllib.parse import urlencode

from benchmarks import asked, bare
from benchmarks.probed import Site, cpu, kept, probed, prober, school_with, site
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
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rounds: dict[str, list[dict[str, float]]] = {way: [] for way in chosen.ways}
    with tempfile.TemporaryDirectory() as name, site(Path(name) / "nginx") as nginx:
        for turn in range(chosen.rounds):
            for way, found in rounds.items():
                found.append(_round(Path(name) / f"{way}-{turn}", nginx, way, chosen))
    figures = {way: _median(found) for way, found in rounds.items()}
    print(json.dumps(figures | {"rounds": rounds}))
    asked.end(_met(figures) | {"every page answered well": _well(figures, chosen.targets)})


def _round(folder: Path, nginx: Site, way: str, chosen: argparse.Namespace) -> dict[str, float]:
    """What each of them took, one after the other."""
    folder.mkdir()
    address, authority = str(getattr(nginx, WAYS[way])), str(nginx.certificate)
    theirs = exporter(folder, nginx, address, chosen.theirs)
    least = bare.cost(address, chosen.theirs, authority=authority)
    ours, well = pult(folder / "data", nginx, address, chosen.targets, chosen.seconds)
    least += bare.cost(address, chosen.theirs, authority=authority)
    return {
        "pult_cpu_s": round(ours, 3),
        "blackbox_cpu_s": round(theirs, 3),
        "bare_loop_cpu_s": round(least / 2, 3),
        "times_fewer": round(theirs / ours, 2),
        "times_the_bare_loop": round(2 * ours / least, 2),
        "answered_well": well,
        "load": round(os.getloadavg()[0], 2),
    }


def _median(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {each: statistics.median(found[each] for found in rounds) for each in rounds[0]} | {
        "answered_well": min(found["answered_well"] for found in rounds)
    }


def _well(figures: Mapping[str, Mapping[str, float]], targets: int) -> bool:
    """Whether each target was OK in each round: a probe that fails is cheap."""
    return all(way["answered_well"] == targets for way in figures.values())


def _met(figures: Mapping[str, Mapping[str, float]]) -> dict[str, bool]:
    """Which of the asked limits this run met; what was not measured is left out."""
    limits: dict[str, tuple[str, Callable[[Mapping[str, float]], bool]]] = {
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
        while probed(database) < targets:
            assert time.monotonic() < until, "not every target had its first result"
            time.sleep(0.5)
        time.sleep(SETTLE)
        began, used = datetime.now(UTC), cpu(pid)
        time.sleep(seconds)
        ended, used = datetime.now(UTC), cpu(pid) - used
        probes = kept(database, began, ended)
    with database.read("metrics") as mtx:
        well = mtx.exec_driver_sql("SELECT COUNT(*) FROM latest WHERE state = 4").scalar_one()
    database.close()
    return 1000 * used / probes, int(well)


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
