"""How the checks of each part of a time went: how many were well, how many bad, how many planned.

Always from what Pult itself keeps: whoever scrapes it knows nothing of what was planned.
"""

from dataclasses import dataclass
from datetime import datetime

from probes.history import JUST_OVER, place, series_of, sources
from store import access
from store.access import Actor
from store.db import Connection, text


@dataclass(frozen=True)
class Share:
    """Checks of one part of the time; `planned` are those under maintenance."""

    well: int
    bad: int
    planned: int = 0


def shares(
    mtx: Connection,
    actor: Actor,
    school_id: str,
    target_id: str,
    *,
    since: datetime,
    until: datetime,
    parts: int,
) -> dict[int, Share]:
    """By the part's place, 0 the oldest; parts in which nobody looked are left out."""
    access.require(actor, "see", school_id)
    series = series_of(mtx, school_id, target_id)
    if series is None:
        return {}
    width = (until - since).total_seconds() / parts
    begin, end = since.timestamp(), until.timestamp() + JUST_OVER
    past, values = sources(mtx, begin, end, width)
    nth = f"CASE WHEN {place('at')} > :last THEN :last ELSE {place('at')} END"
    rows = mtx.execute(
        text(f"""
            SELECT {nth} AS nth, SUM(n) AS n, SUM(n_up) AS n_up, SUM(n_planned) AS n_planned
            FROM ({past}) AS past WHERE n > 0 OR n_planned > 0 GROUP BY {nth}
        """),
        {**values, "series": series, "begin": begin, "width": width, "last": parts - 1},
    )
    return {int(row.nth): Share(row.n_up, row.n - row.n_up, row.n_planned) for row in rows}
