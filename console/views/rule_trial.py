"""What the rules of the file would have caught in the last weeks, rule by rule."""

from datetime import datetime

import streamlit as st

from console.i18n import _, listed, moment, number
from console.views import rule_names, rule_switches
from console.views.reasons import DECISIONS
from console.widgets import strangers, tables
from console.wiring import Console
from moderation import entries, trial
from moderation.entries import Entry
from moderation.filters import Rules
from moderation.trial import Caught, Trial, Tried
from store.access import Actor
from store.schools import School

FOUND = "rules-found"  # session state: the last trial


def offer(console: Console, actor: Actor, school: School, built: Rules | None) -> None:
    """The button, and what the last trial of exactly these rules has found."""
    if st.button(
        _("Try on the last 30 days"),
        icon=":material/history:",
        disabled=built is None,
        help=_("What these rules would have caught, and what became of it."),
        key="rules-month",
    ):
        _try(console, actor, school, built or Rules((), ()))
    found: Trial | None = st.session_state.get(FOUND)
    if found and built and _digests(found) == [each.sha256 for each in entries.of(built)]:
        _draw(found, school, console.now())


def _digests(found: Trial) -> list[str]:
    return [each.entry.sha256 for each in found.by_rule]


def _try(console: Console, actor: Actor, school: School, built: Rules) -> None:
    now = console.now()
    with console.db.read() as tx:
        found = trial.over(tx, actor, school.id, built, now=now)
    with console.db.begin() as tx:
        trial.keep(tx, actor, school.id, found, now=now)
    st.session_state[FOUND] = found
    st.rerun()


def _draw(found: Trial, school: School, now: datetime) -> None:
    with st.grid(3, min_column_width=190):  # their labels are cut in less
        st.metric(_("Would be flagged"), number(found.caught), border=True)
        st.metric(_("Of them new"), number(found.new), border=True)
        st.metric(_("Approved by moderators"), number(found.approved), border=True)
    st.caption(
        _(
            "Tried on {read} of {written} comments, those since {date}. {missed} that the present "
            "rules flag are not flagged."
        ).format(
            read=number(found.read),
            written=number(found.written),
            date=moment(found.since, school.zone, now=now),
            missed=number(found.missed),
        )
    )
    tables.show(
        [_rule(each) for each in found.by_rule],
        {
            "rule": _("Rule"),
            "caught": _("Flagged"),
            "approved": _("Approved"),
            "removed": _("Removed"),
        },
        alt=_("What each rule would have flagged, and what people decided about it"),
    )
    if found.examples:
        tables.show(
            [_example(example) for example in found.examples],
            {
                "new": _("New"),
                "terms": _("Watched word"),
                "text": _("As written"),
                "decision": _("Decided"),
            },
            alt=_("Comments that these rules would have flagged"),
        )


def _rule(each: Tried) -> dict[str, str | int]:
    return {
        "rule": _named(each.entry),
        "caught": each.caught,
        "approved": each.approved,
        "removed": each.removed,
    }


def _named(entry: Entry) -> str:
    """For a cell of a table: no Markdown there."""
    known = rule_switches.WATCHED.get(entry.kind)
    return _(known) if known else strangers.line(rule_names.spoken(entry.name))


def _example(example: Caught) -> dict[str, str]:
    return {
        "new": "●" if example.new else "",
        "terms": strangers.line(listed(example.terms)),
        "text": strangers.line(example.text),
        "decision": _(DECISIONS[example.decision].text) if example.decision else "",
    }
