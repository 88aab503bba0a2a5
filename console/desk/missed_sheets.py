"""Whom a campaign did not reach, as a table to take away: why, since when, what comes next."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from console.desk.exporting import safe
from console.desk.figure_sheets import Row
from console.desk.next_ways import Way
from console.desk.unreached import Attempt, Unreached
from console.i18n import _, say
from mailing.model import Undelivered


def by_mail(
    found: Iterable[Undelivered],
    zone: ZoneInfo,
    *,
    state: Callable[[Undelivered], str],
    why: Callable[[Undelivered], str],
) -> list[Row]:
    """Of any campaign: how often the mail was tried, and when it is the next time."""
    return [*_table(_of_mail(found, zone, state, why))]


def _of_mail(
    found: Iterable[Undelivered],
    zone: ZoneInfo,
    state: Callable[[Undelivered], str],
    why: Callable[[Undelivered], str],
) -> Iterator[Row]:
    for one in found:
        following = _("Mail, {time}").format(time=_time(one.next_at, zone)) if one.next_at else ""
        tried = _("Mail, tries: {n}").format(n=one.attempt) if one.attempt else ""
        since = _time(one.since, zone)
        yield one.name, one.email, state(one), why(one), since, tried, following


def by_any_way(
    found: Iterable[Unreached],
    zone: ZoneInfo,
    *,
    tried: Callable[[Attempt], str],
    way: Callable[[Way], str],
) -> list[Row]:
    """Of an urgent campaign: every way that was tried, and each person's next one."""
    return [
        *_table(
            (
                one.name,
                one.email,
                _("Not reached"),
                say(one.why, markdown=False),
                _time(one.since, zone),
                "; ".join(map(tried, one.attempts)),
                way(one.next_way) if one.next_way else "",
            )
            for one in found
        )
    ]


def _table(rows: Iterable[Row]) -> Iterator[Row]:
    """With a header; no cell is a formula."""
    yield (
        _("Name"), _("Address"), _("State"), _("Why"), _("Since"), _("Tried"), _("Next way"),
    )  # fmt: skip
    for row in rows:
        yield tuple(safe(str(cell)) for cell in row)


def _time(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
