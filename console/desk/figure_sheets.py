"""Figures of moderation to take away: as an Excel workbook (ECMA-376) or as CSV (RFC 4180)."""

import csv
import io
from collections.abc import Callable, Sequence

from openpyxl import Workbook

from console.i18n import _
from moderation.figures import Figures, Group
from store.cells import neutral
from store.legibility import legible

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Row = Sequence[str | int | float | None]


def rows(found: Figures, *, spoken: Callable[[Group, str], str]) -> list[Row]:
    """A header, the school's own figure, and each group's; names are strangers' words."""
    table: list[Row] = [
        (
            _("Group"),
            _("Name"),
            _("Decisions"),
            _("Seconds to decision"),
            _("Overturned"),
            _("Compared"),
            _("Disagreement"),
        )
    ]
    listed: list[tuple[Group | None, str]] = [(None, "")]
    figures = [found.whole]
    for group, members in found.groups.items():
        listed += [(group, spoken(group, each.name)) for each in members]
        figures += members
    titles: dict[Group | None, str] = {
        None: _("The school"),
        "moderator": _("Moderator"),
        "rule": _("Rule"),
        "language": _("Language"),
    }
    return table + [
        (
            titles[group],
            neutral(legible(name)),
            each.decisions,
            each.seconds,
            each.overturned,
            each.compared,
            each.disagreed,
        )
        for (group, name), each in zip(listed, figures, strict=True)
    ]


def workbook(table: Sequence[Row], *, title: str) -> bytes:
    """Numbers as numbers; a text is never taken for a formula."""
    book, out = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet(title)
    for row in table:
        sheet.append(list(row))
    book.save(out)
    return out.getvalue()


def csv_file(table: Sequence[Row]) -> bytes:
    """With a byte order mark, by which spreadsheets know UTF-8."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(table)
    return out.getvalue().encode("utf-8-sig")
