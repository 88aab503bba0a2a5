"""Read the returned mail of systems that write prose: qmail's QSBMF, and Exim's older form.

QSBMF: cr.yp.to/proto/qsbmf.txt. Exim: the specification's chapter "Customizing messages".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailing.bounces import ENHANCED

PARAGRAPHS = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
QMAIL = "Hi. This is the"
EXIM = "This message was created automatically by mail delivery software."
EXIM_FAILED = "could not be delivered to one or more of its recipients"
COPY = re.compile(r"^-{3,}.*(?:copy of the message|original message)", re.MULTILINE)
RECIPIENT = re.compile(r"<([^\s<>]{1,300}@[^\s<>]{1,300})>:\n(.*)", re.DOTALL)
EXIM_RECIPIENT = re.compile(r"[ \t]*<?([^\s<>]{1,300}@[^\s<>]{1,300}?)>?\n[ \t]+(.*)", re.DOTALL)
MESSAGE_ID = re.compile(r"^message-id:\s*(<[^\s<>]{1,900}>)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Failed:
    """Who was not reached. `status` as in RFC 3463, or ''."""

    recipient: str
    status: str
    said: str


def read(written: str) -> Iterator[Failed]:
    """Those whom a bounce names; nobody if the text is none."""
    told, _copy = _halves(written)
    if told.startswith(QMAIL):
        yield from _recipients(told, RECIPIENT)
    elif told.startswith(EXIM) and EXIM_FAILED in " ".join(told.split()):
        yield from _recipients(told, EXIM_RECIPIENT)


def message_ids(written: str) -> list[str]:
    """The Message-ID of the mail that stands behind the text."""
    return MESSAGE_ID.findall(_halves(written)[1])[:1]


def _halves(written: str) -> tuple[str, str]:
    lines = written.replace("\r\n", "\n").strip()
    copy = COPY.search(lines)
    return (lines[: copy.start()], lines[copy.end() :]) if copy else (lines, "")


def _recipients(told: str, form: re.Pattern[str]) -> Iterator[Failed]:
    for paragraph in PARAGRAPHS.split(told):
        found = form.match(paragraph)
        if found:
            said = " ".join(found[2].split())
            status = ENHANCED.search(said)
            yield Failed(found[1], status[0] if status else "", said)
