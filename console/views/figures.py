"""Figures: are we doing well? How moderation decided, by moderator, rule and language."""

from datetime import datetime, timedelta
from functools import partial

import streamlit as st

from console.desk import figure_sheets, measure_words
from console.i18n import N_, NAMES, _, number, percent, span
from console.views import audit_words, reasons, rule_names, taking_away
from console.views.review_next import SIGNALS
from console.views.rule_switches import WATCHED
from console.widgets import choice, head, strangers, tables
from console.wiring import Console
from moderation import figures, house
from moderation.figures import REPORTED, Figure, Figures, Group
from store import access
from store.access import Actor
from store.schools import School

PERIODS = {7: N_("7 days"), 30: N_("30 days"), 90: N_("90 days")}
OURS = {**WATCHED, "returned": SIGNALS["returned"]}  # rules that are no lists
MEMBERS: dict[Group, str] = {
    "moderator": N_("Moderator"),
    "rule": N_("Rule"),
    "language": N_("Language"),
}
GROUPS: dict[Group, str] = {
    "moderator": N_("By moderator"),
    "rule": N_("By rule"),
    "language": N_("By language"),
}
TAKEN = N_("The median from the opening of a case to its decision.")
OVERTURNED = N_(
    "Decisions that an appeal changed, whose removal was taken back, or that somebody later "
    "decided otherwise."
)
DISAGREED = N_(
    "Of the decisions on a wording that somebody else decided too: those that went another way."
)


def page(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "moderate", school.id)
    head.title(_("Figures"))
    periods = {str(days): _(words) for days, words in PERIODS.items()}
    days = int(choice.segments(_("Period"), periods, default="30", key="figures-period"))
    until = console.now()
    since = until - timedelta(days=days)
    with console.db.read() as tx:
        found = figures.of(tx, actor, school.id, since=since, until=until)
    st.subheader(_("Moderation"), anchor=False)
    _metrics(found.whole)
    if not found.whole.decisions:
        st.info(_("Nothing was decided in this time."))
        return
    for group in GROUPS:
        _table(group, found.groups[group])
    _take_away(found, since, until, school)
    _lists(console, actor, school)


def _metrics(whole: Figure) -> None:
    with st.grid(4, min_column_width=160):
        st.metric(_("Decisions"), number(whole.decisions), border=True)
        st.metric(_("Time to decision"), _taken(whole), border=True, help=_(TAKEN))
        st.metric(
            _("Overturned"),
            _share(whole.overturned, whole.decisions),
            border=True,
            help=_(OVERTURNED),
        )
        st.metric(
            _("Disagreement"),
            _share(whole.disagreed, whole.compared),
            border=True,
            help=_(DISAGREED),
        )


def _take_away(found: Figures, since: datetime, until: datetime, school: School) -> None:
    """The same rows with their plain numbers, for a spreadsheet."""
    table = figure_sheets.rows(found, spoken=_named)
    days = "_".join(f"{each.astimezone(school.zone):%Y-%m-%d}" for each in (since, until))
    taking_away.buttons(f"moderation_{days}", _("Figures"), lambda: table, key="figures")


def _lists(console: Console, actor: Actor, school: School) -> None:
    """What the figures are made of, of all time; a moderator's own only."""
    whole = access.may(actor, "write", school.id)
    titles = (
        (_("All decisions"), _("All measures")) if whole else (_("My decisions"), _("My measures"))
    )
    with console.db.read() as tx:
        kept = house.of(tx, actor, school.id)
    named = partial(measure_words.reason, kept)
    for name, title in zip(("decisions", "measures"), titles, strict=True):
        st.caption(title)
        taking_away.lists(
            console, actor, school, name, title, keys=False,
            decision=_decision, measure=_measure, rule=named, reason=named,
            account=audit_words.who,
        )  # fmt: skip


def _decision(code: str) -> str:
    return _(reasons.DECISIONS[code].text) if code in reasons.DECISIONS else code


def _measure(code: str) -> str:
    found = next((word for kind, word in measure_words.KINDS.items() if kind == code), code)
    return _(found)


def _table(group: Group, found: list[Figure]) -> None:
    st.subheader(_(GROUPS[group]), anchor=False)
    tables.show(
        [
            {
                "name": strangers.line(_named(group, each.name)),
                "decisions": number(each.decisions),
                "taken": _taken(each),
                "overturned": _share(each.overturned, each.decisions),
                "disagreed": _share(each.disagreed, each.compared),
            }
            for each in found
        ],
        {
            "name": st.column_config.TextColumn(_(MEMBERS[group]), width=220),
            "decisions": _("Decisions"),
            "taken": st.column_config.TextColumn(_("Time to decision"), help=_(TAKEN)),
            "overturned": st.column_config.TextColumn(_("Overturned"), help=_(OVERTURNED)),
            "disagreed": st.column_config.TextColumn(_("Disagreement"), help=_(DISAGREED)),
        },
        alt=_(GROUPS[group]),
        key=f"figures-{group}",
    )


def _named(group: Group, name: str) -> str:
    if group == "language":
        return NAMES.get(name, name)
    if group == "rule" and name in OURS:
        return _(OURS[name])
    if group == "rule":
        return _("Reports alone") if name == REPORTED else rule_names.spoken(name)
    return name


def _taken(figure: Figure) -> str:
    return "—" if figure.seconds is None else span(timedelta(seconds=figure.seconds))


def _share(part: int, whole: int) -> str:
    """A share with its numbers; of few, no share: it would say more than is known."""
    if not whole:
        return "—"
    told = _("{n} of {all}").format(n=number(part), all=number(whole))
    return f"{percent(part / whole)} ({told})" if whole >= 20 else told
