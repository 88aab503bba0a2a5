"""Debian's Dovecot (2.3) on loopback: LMTP takes mail for the people it is given, IMAP reads it."""

import grp
import imaplib
import os
import pwd
import shutil
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

PASSWORD = "letmein"
OWNER = "mail"  # of the mailboxes
CONFIG = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
recipient_delimiter = +
mail_location = maildir:{root}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
mail_plugins = quota
plugin {{
  quota = maildir:User quota
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {root}/people
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {root}/people
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """The two ports. Everyone's user name is the address, with one password."""

    imap: int
    lmtp: int
    log: Path

    def take(self, address: str, count: int = 1) -> list[EmailMessage]:
        """Read and delete so many mails, once they are there or patience ends."""
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=real.PATIENCE) as box:
            box.login(address, PASSWORD)
            box.select()
            until = time.monotonic() + real.PATIENCE
            while len(found := _listed(box)) < count and time.monotonic() < until:
                time.sleep(0.05)
                box.noop()
            mails = [_fetched(box, number) for number in found]
            for number in found:
                box.store(number, "+FLAGS", r"(\Deleted)")
            box.expunge()
        return mails


def _listed(box: imaplib.IMAP4) -> list[str]:
    return [number.decode() for number in box.search(None, "ALL")[1][0].split()]


def _fetched(box: imaplib.IMAP4, number: str) -> EmailMessage:
    part = box.fetch(number, "(RFC822)")[1][0]
    assert isinstance(part, tuple)
    return message_from_bytes(part[1], policy=policy.default)


@contextmanager
def running(addresses: Collection[str], *, full: Collection[str] = ()) -> Iterator[Dovecot]:
    """Run it until the block ends; the mailboxes in `full` take nothing more.

    Without it, or without root, the test skips.
    """
    real.need("dovecot")
    if os.geteuid() != 0:
        pytest.skip("Dovecot gives mail to its owner as root only")
    root = Path(tempfile.mkdtemp(prefix="pult-dovecot-"))  # not tmp_path: Dovecot must get in
    server = Dovecot(free_port(), free_port(), root / "log")
    try:
        _lay_out(root, server, addresses, full)
        with real.serving(server.imap, "dovecot", "-F", "-c", str(root / "dovecot.conf")):
            yield server
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _lay_out(
    root: Path, server: Dovecot, addresses: Collection[str], full: Collection[str]
) -> None:
    root.chmod(0o755)
    owner, group = pwd.getpwnam(OWNER).pw_uid, grp.getgrnam(OWNER).gr_gid
    (root / "mail").mkdir()
    os.chown(root / "mail", owner, group)
    line = f"{{one}}:{PASSWORD}:{owner}:{group}::{root}/mail/{{one}}::{{quota}}\n"
    people = [line.format(one=one, quota="") for one in addresses]
    people += [line.format(one=one, quota="userdb_quota_rule=*:bytes=10") for one in full]
    (root / "people").write_text("".join(people))
    config = CONFIG.format(root=root, imap=server.imap, lmtp=server.lmtp)
    (root / "dovecot.conf").write_text(config)
