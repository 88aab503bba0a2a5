"""20,000 hostile rows read back by three parsers: `python -m benchmarks.hostile_mails`.

Python's, Perl's MIME tools (Debian's libmime-tools-perl) and npm's mailparser, which is
fetched into a temporary folder, must read out of every accepted mail what its row meant;
the others are refused in words. `strict` is the reader of tests/strict_mail.py.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from mailing.message import Envelope
from tests import hostile_mail
from tests.hostile_mail import Meant
from tests.strict_mail import faults
from tests.test_mailing_hostile import PERL, parsed, read, said

MAILPARSER = "mailparser@3.7.2"
BATCH = 2000  # mails that a parser gets at once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=2026)
    chosen = parser.parse_args()
    made = list(hostile_mail.mails(chosen.rows, chosen.seed))
    mails = [each for each in made if not isinstance(each, str)]
    told: dict[str, object] = {"rows": chosen.rows, "accepted": len(mails)}
    refused = Counter(each.partition("”")[2] or each for each in made if isinstance(each, str))
    told["refused in words"] = dict(refused.most_common())
    told["read otherwise by Python"] = sum(read(mail.data) != meant for meant, mail in mails)
    told["not in order"] = sum(bool(faults(mail.data)) for _, mail in mails if not mail.utf8)
    told["read otherwise by Perl"] = _otherwise(["perl", str(PERL)], mails)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(PERL.with_name("parse.mjs"), folder)
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", MAILPARSER]
        subprocess.run(install, cwd=folder, check=True)
        node = ["node", str(Path(folder, "parse.mjs"))]
        told["read otherwise by mailparser"] = _otherwise(node, mails)
    print(json.dumps(told, indent=1, ensure_ascii=False))


def _otherwise(command: list[str], mails: list[tuple[Meant, Envelope]]) -> dict[str, int]:
    """By what differs; {} when all is read as it was meant."""
    found: Counter[str] = Counter()
    for start in range(0, len(mails), BATCH):
        some = mails[start : start + BATCH]
        seen = parsed(command, [mail.data for _, mail in some])
        for (meant, mail), one in zip(some, seen, strict=True):
            wanted = said(meant)
            one["address"] = _wire(str(one["address"]))
            for key in wanted:
                if one[key] != wanted[key]:
                    found[key + (" of an SMTPUTF8 mail" if mail.utf8 else "")] += 1
                    print(key, repr(wanted[key])[:200], repr(one[key])[:200], file=sys.stderr)
    return dict(found)


def _wire(address: str) -> str:
    """mailparser shows a domain in its own script."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"


if __name__ == "__main__":
    main()
