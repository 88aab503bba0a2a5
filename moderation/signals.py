"""What makes a comment stand out beside its words: how often, how soon, and where it leads.

These flags queue a comment and raise its place; like every rule they never act on
a person.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from rapidfuzz import fuzz

from moderation.model import Flag, Stored
from moderation.watching import Pace, Watch
from store.db import Connection, instant, text

ALIKE = 92.0  # of 100, from which two texts are one with small changes
SHORTEST = 20  # characters: "thank you!" is no repeat
COMPARED = 200  # of the newest comments of the school
HEAD = 5000  # first letters of each that are: whole texts would stall the intake
# Of hosts that people write without a scheme.
_GENERIC = ("com", "net", "org", "info", "biz", "xyz", "top", "site", "online", "link")
ENDINGS = frozenset([*_GENERIC, "ru", "рф", "cn", "me", "io"])
_PART = re.compile(r"[^\s<>\"'()\[\]{},;，。；（）]+")
_SCHEME = re.compile(r"https?://")
_PATH = re.compile(r"[/?#\\]")


def of(tx: Connection, watch: Watch, comment: Stored) -> list[Flag]:
    """The comment's flags by the school's `watch`, in its text's code points."""
    watch = watch.switched_on()
    linked = links(comment.text)
    found = [*_flood(tx, watch.flood, comment), *_repeats(tx, watch.repeats, comment)]
    if watch.links is not None:
        found += [link for link in linked if not allowed(link.term, watch.links)]
    if watch.newcomers and linked and _is_new(tx, comment, watch.newcomers):
        days = str(watch.newcomers.days)
        found.append(Flag("newcomers", days, linked[0].start, linked[0].end, "newcomer"))
    return [replace(flag, hide=flag.rule in watch.hides) for flag in found]


def links(said: str) -> list[Flag]:
    """Every link, its host as the term."""
    return [
        Flag("links", host, part.start(), part.end(), "links")
        for part in _PART.finditer(said)
        if "." in part.group() and (host := _host(part.group().casefold()))
    ]


def _host(part: str) -> str:
    """The host that a word without blanks leads to, or '': a mail address leads nowhere."""
    scheme = _SCHEME.search(part)
    host = _PATH.split(part[scheme.end() :] if scheme else part, maxsplit=1)[0]
    if "@" in host and not scheme:
        return ""
    host = host.rpartition("@")[2].partition(":")[0].strip(".")
    named = scheme is not None or host.startswith("www.")
    host = host.removeprefix("www.")
    if "." not in host:
        return ""
    return host if named or host.rpartition(".")[2] in ENDINGS else ""


def allowed(host: str, hosts: frozenset[str]) -> bool:
    """The host itself, or one under it."""
    return any(host == each or host.endswith(f".{each}") for each in hosts)


def plain(said: str) -> str:
    """The text as it is compared."""
    return " ".join(said[:HEAD].casefold().split())


def longest_alike(length: int) -> int:
    """Letters from which a text cannot be a text of that length with small changes."""
    return 4 * length + 40


def _flood(tx: Connection, pace: Pace | None, comment: Stored) -> list[Flag]:
    if pace is None:
        return []
    written = tx.execute(
        text("""
            SELECT COUNT(*) FROM comment
            WHERE connection_id = :connection AND author_external_id = :author
              AND written_at > :since AND written_at <= :until
        """),
        _around(comment, pace.within),
    ).scalar_one()
    return [Flag("flood", str(written), 0, 0, "flood")] if written >= pace.count else []


def _repeats(tx: Connection, pace: Pace | None, comment: Stored) -> list[Flag]:
    """The same with small changes, from whichever account."""
    said = plain(comment.text)
    if pace is None or len(said) < SHORTEST:
        return []
    rows = tx.execute(
        text("""
            SELECT substr(text, 1, :head) AS text FROM comment
            WHERE school_id = :school AND written_at > :since AND written_at <= :until
              AND id <> :id AND LENGTH(text) < :longest
            ORDER BY written_at DESC LIMIT :limit
        """),
        _around(comment, pace.within)
        | {"limit": COMPARED, "longest": longest_alike(len(comment.text)), "head": HEAD},
    )
    alike = 1 + sum(fuzz.ratio(said, plain(row.text), score_cutoff=ALIKE) > 0 for row in rows)
    return [Flag("repeats", str(alike), 0, 0, "repeats")] if alike >= pace.count else []


def _is_new(tx: Connection, comment: Stored, lasts: timedelta) -> bool:
    """By their first comment: platforms do not tell when an account was made."""
    first = tx.execute(
        text("""
            SELECT MIN(written_at) FROM comment
            WHERE connection_id = :connection AND author_external_id = :author
        """),
        {"connection": comment.connection_id, "author": comment.author_external_id},
    ).scalar()
    return first is None or comment.written_at - instant(first) < lasts


def _around(comment: Stored, within: timedelta) -> dict[str, str | datetime]:
    return {
        "school": comment.school_id,
        "connection": comment.connection_id,
        "author": comment.author_external_id,
        "id": comment.id,
        "since": comment.written_at - within,
        "until": comment.written_at,
    }
