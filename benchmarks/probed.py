"""What the probing benchmarks share: an nginx to probe, and the prober with its CPU counted.

CPU time is the whole process's, user and system, from /proc: Linux only.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.wiring import PACKAGES
from probes import targets
from store import access, db, migrate, schools
from store.db import Database, text
from tests import real
from tests.running import HOUSE, free_port
from tests.sites import certificate

TICKS = os.sysconf("SC_CLK_TCK")  # a second
WRITTEN = 3.0  # seconds after which a result is
BODY = 10_240  # bytes of each page
CONF = """
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
daemon off;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  ssl_certificate {certificate}; ssl_certificate_key {certificate};
  ssl_session_cache off; ssl_session_tickets off;
  root {folder}/pages; keepalive_requests 1000000; open_file_cache max=10;
  server {{ listen 127.0.0.1:{new} backlog=4096; keepalive_timeout 0; {page} }}
  server {{ listen 127.0.0.1:{kept} backlog=4096; keepalive_timeout 600; {page} }}
  server {{ listen 127.0.0.1:{tls_new} ssl backlog=4096; keepalive_timeout 0; {page} }}
  server {{ listen 127.0.0.1:{tls_kept} ssl backlog=4096; keepalive_timeout 600; {page} }}
}}
"""
PAGE = "try_files /page =404;"


@dataclass(frozen=True)
class Site:
    """nginx by address: each answer on a new connection, or on one kept open; and over TLS."""

    new: str
    kept: str
    tls_new: str
    tls_kept: str
    certificate: Path


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    ports = {name: free_port() for name in ("new", "kept", "tls_new", "tls_kept")}
    (folder / "pages").mkdir(parents=True)
    (folder / "pages" / "page").write_bytes(b"x" * BODY)
    pem = certificate(folder / "site.pem", days=60)
    conf = folder / "nginx.conf"
    conf.write_text(CONF.format(folder=folder, page=PAGE, certificate=pem, **ports))
    with real.serving(ports["new"], "nginx", "-p", str(folder), "-c", str(conf)):
        web = {
            name: f"{'https' if 'tls' in name else 'http'}://127.0.0.1:{port}/"
            for name, port in ports.items()
        }
        yield Site(**web, certificate=pem)


def school_with(folder: Path, addresses: list[str], *, interval: timedelta) -> Database:
    """A database whose one school probes all these addresses."""
    database, now = db.connect(folder), datetime.now(UTC)
    migrate.apply(database, PACKAGES, now=now)
    with database.begin() as tx:
        school = schools.found(
            tx, access.system(), "Large", time_zone="UTC", language="en", now=now
        )
        actor = access.system(school.id)
        for n, address in enumerate(addresses):
            targets.add(
                tx,
                actor,
                school.id,
                name=f"Target {n:05}",
                prober="http",
                address=address,
                interval=interval,
                now=now,
            )
    return database


@contextmanager
def prober(data: Path, **settings: str) -> Iterator[int]:
    """`python -m console prober` on this data folder; its process's number."""
    environment = {name: value for name, value in os.environ.items() if name[:5] != "PULT_"}
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "prober"],
        cwd=HOUSE,
        env=environment | {"PULT_DATA": str(data)} | settings,
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def cpu(pid: int) -> float:
    """Seconds of CPU that the process has used, in all its threads, user and system."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def probed(database: Database) -> int:
    """Targets that have a result."""
    with database.read("metrics") as mtx:
        seen = mtx.execute(text("SELECT COUNT(*) FROM latest WHERE at > 0")).scalar_one()
    return int(seen)


def kept(database: Database, since: datetime, until: datetime) -> int:
    """Results of that time, once all of them are written."""
    time.sleep(WRITTEN)
    with database.read("metrics") as mtx:
        found = mtx.execute(
            text("SELECT COUNT(*) FROM sample WHERE at >= :since AND at < :until"),
            {"since": since, "until": until},
        )
        return int(found.scalar_one())
