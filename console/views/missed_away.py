"""Take away who has not got a campaign, for those who call by telephone or write by hand."""

from collections.abc import Callable
from functools import partial

from console.desk import missed_sheets
from console.desk.exporting import MOST
from console.desk.figure_sheets import Row
from console.i18n import _
from console.views import taking_away, unreached
from console.wiring import Console
from mailing import reached, urgent
from mailing.model import Campaign, Undelivered
from store.access import Actor
from store.schools import School


def draw(
    console: Console,
    actor: Actor,
    school: School,
    campaign: Campaign,
    *,
    state: Callable[[Undelivered], str],
    why: Callable[[Undelivered], str],
) -> None:
    """Read when it is asked for, by the one who asks."""
    if campaign.totals.sent == campaign.totals.audience:
        return
    read = partial(_rows, console, actor, school, campaign, state, why)
    day = f"{console.now().astimezone(school.zone):%Y-%m-%d}"
    taking_away.buttons(f"not_reached_{day}", _("Not reached"), read, key="missed")


def _rows(
    console: Console,
    actor: Actor,
    school: School,
    campaign: Campaign,
    state: Callable[[Undelivered], str],
    why: Callable[[Undelivered], str],
) -> list[Row]:
    if campaign.lane == urgent.LANE:
        found = unreached.standing(console, actor, campaign).unreached
        tried = partial(unreached.tried, school=school)
        return missed_sheets.by_any_way(found, school.zone, tried=tried, way=unreached.following)
    with console.db.read() as tx:
        missed = reached.undelivered(tx, actor, campaign.id, limit=MOST)
    return missed_sheets.by_mail(missed, school.zone, state=state, why=why)
