"""Debian's Postfix on a free port of loopback, with a mailbox for each address that it is given."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests import real
from tests.running import free_port

PATIENCE = 60.0  # seconds for a start, and for mail to reach its mailbox
MAIN = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file = {root}/log
maillog_file_prefixes = {root}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.school.test
mydestination =
alias_maps =
virtual_mailbox_domains = {domains}
virtual_mailbox_maps = texthash:{root}/people
virtual_mailbox_base = {root}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_transport = {transport}
smtpd_reject_unlisted_recipient = {strict}
recipient_delimiter = +
default_transport = error:nothing leaves this test
transport_maps = {slow}
delay_warning_time = 1s
minimal_backoff_time = 1s
queue_run_delay = 1s
smtputf8_enable = yes
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """The server's address, and the folder where each address has its Maildir."""

    url: str
    mail: Path

    @property
    def log(self) -> Path:
        """What it writes down itself."""
        return self.mail.with_name("log")

    def messages(self, count: int) -> list[EmailMessage]:
        """What stands in the mailboxes, once there are so many or patience ends."""
        until = time.monotonic() + PATIENCE
        while len(found := list(self.mail.glob("*/new/*"))) < count and time.monotonic() < until:
            time.sleep(0.05)
        return [message_from_bytes(one.read_bytes(), policy=policy.default) for one in found]

    def empty(self) -> None:
        for box in self.mail.iterdir():
            shutil.rmtree(box)


@contextmanager
def running(
    addresses: Collection[str], *, lmtp: int | None = None, slow: str = ""
) -> Iterator[Postfix]:
    """Run it until the block ends; at their domains other addresses are unknown.

    With `lmtp`, it takes every address at their domains and hands the mail to that port,
    whose refusals it returns to the sender. The domain `slow` has a server that is down; of
    mail to it Postfix says after a second that it is late. Without Postfix, or without
    root, the test skips.
    """
    real.need("postfix")
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root only")
    root = Path(tempfile.mkdtemp(prefix="pult-postfix-"))  # not tmp_path: Postfix must get in
    port = free_port()
    _lay_out(root, port, addresses, lmtp, slow)
    command = [str(real.find("postfix")), "-c", str(root / "conf"), "start-fg"]
    server = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, root / "log")
        yield Postfix(f"smtp://127.0.0.1:{port}", root / "mail")
    finally:
        os.kill(_first(root, server.pid), signal.SIGTERM)
        server.wait(PATIENCE)
        shutil.rmtree(root, ignore_errors=True)


def _first(root: Path, starter: int) -> int:
    """The process that ends all others; it leads a session of its own."""
    written = root / "queue" / "pid" / "master.pid"
    return int(written.read_text()) if written.exists() else starter


def _lay_out(
    root: Path, port: int, addresses: Collection[str], lmtp: int | None, slow: str
) -> None:
    user = pwd.getpwnam("postfix")
    root.chmod(0o755)
    for name in ("queue", "data", "mail", "conf"):
        (root / name).mkdir()
    for name in ("data", "mail"):
        os.chown(root / name, user.pw_uid, user.pw_gid)
    (root / "people").write_text("".join(f"{one} {one}/\n" for one in addresses))
    domains = " ".join(sorted({one.partition("@")[2] for one in addresses}))
    values = {"root": root, "uid": user.pw_uid, "gid": user.pw_gid, "port": port}
    values["domains"] = domains
    values["transport"] = f"lmtp:inet:127.0.0.1:{lmtp}" if lmtp else "virtual"
    down = f"lmtp:inet:127.0.0.1:{free_port()}"
    values["slow"] = f"inline:{{ {{ {slow} = {down} }} }}" if slow else ""
    values["strict"] = "no" if lmtp else "yes"
    (root / "conf" / "main.cf").write_text(MAIN.format(**values))
    (root / "conf" / "master.cf").write_text(MASTER.format(**values))


def _wait_for(port: int, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"Postfix did not start: {log.read_text() if log.exists() else 'no log'}")
