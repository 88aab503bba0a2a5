"""How many mails of each kind a checker from the RFCs accepts: `python -m benchmarks.strict_mails`.

All ready texts in three languages, as each kind of mail that goes to people; the checker is
tests/strict_mail.py. Spoilt mails must be refused: a checker that takes everything shows nothing.
"""

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from console.wiring import PACKAGES
from store import db, migrate
from store.schools import LANGUAGES
from tests import strict_kinds
from tests.conftest import NOON
from tests.strict_kinds import KINDS
from tests.strict_mail import faults

SPOILT = {
    "a bare line feed": (b"\r\n", b"\n"),
    "no date": (b"Date: ", b"X-Date: "),
    "an encoded word cut off": (b"?=\r\n", b"?\r\n"),
    "eight bits": (b"MIME-Version: 1.0", b"MIME-Version: 1.0 \xff"),
    "no end of the parts": (b"--\r\n", b"\r\n"),
    "a wrong escape": (b"=D0", b"=d0"),
    "one click without HTTPS": (b"List-Unsubscribe: <https:", b"List-Unsubscribe: <http:"),
    "List-ID without brackets": (b" <announcements.", b" announcements."),
    "an unknown Auto-Submitted": (b"auto-generated", b"auto"),
}


def main() -> int:
    told: dict[str, object] = {}
    sums, wrong = [0, 0], []
    for kind in (*KINDS, "test letter"):
        counts: dict[str, str] = {}
        for language in LANGUAGES:
            mails = [*_made(kind, language)]
            bad = [(kind, language, found) for mail in mails if (found := faults(mail))]
            counts[language] = f"{len(mails) - len(bad)}/{len(mails)}"
            sums = [sums[0] + len(mails) - len(bad), sums[1] + len(mails)]
            wrong += bad
        told[kind] = counts
    told["accepted"] = f"{sums[0]}/{sums[1]}"
    missed = [what for what, spoil in SPOILT.items() if not _refused(*spoil)]
    told["spoilt mails refused"] = f"{len(SPOILT) - len(missed)}/{len(SPOILT)}"
    told["not in order"] = wrong[:20]
    print(json.dumps(told, indent=1, ensure_ascii=False))
    return 1 if wrong or missed else 0


def _made(kind: str, language: str) -> Iterable[bytes]:
    if kind in KINDS:
        yield from KINDS[kind](language)
        return
    with tempfile.TemporaryDirectory() as folder:
        database = db.connect(Path(folder))
        migrate.apply(database, PACKAGES, now=NOON)
        yield from strict_kinds.trial_letters(database, language)
        database.close()


def _refused(good: bytes, bad: bytes) -> bool:
    """Whether the checker sees it in a newsletter that has what is spoilt."""
    (mail,) = KINDS["newsletter"]("ru")
    if good not in mail:
        raise AssertionError(f"nothing to spoil: {good!r}")
    return bool(faults(mail.replace(good, bad, 1)))


if __name__ == "__main__":
    sys.exit(main())
