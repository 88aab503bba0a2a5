"""Watched words: the school's rules as TOML, tried on a text before they are put in place."""

import streamlit as st

from console.i18n import _, moment, ngettext, number, say
from console.views import acting, rule_lists, rule_switches
from console.views.reasons import DECISIONS
from console.widgets import actionbar, strangers, tables
from console.wiring import Console
from moderation import filters, rules, trial
from moderation.filters import Rules, RulesError
from moderation.trial import Caught
from store.access import Actor
from store.schools import School


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        kept = rules.text_of(tx, actor, school.id)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        written = st.text_area(
            _("Rules (TOML)"),
            kept,
            height=460,
            key=f"rules-{school.id}",
            label_visibility="visible",
        )
    with right:
        built = _read(written or "")
        if built:
            rule_switches.draw(built, f"rules-{school.id}")
        tried = st.text_area(
            _("Try a text"),
            height=110,
            placeholder=_("What would a comment like this be flagged for?"),
            key="rules-trial",
        )
        st.button(_("Try it"), icon=":material/science:", key="rules-try")
        if built and tried:
            _found(built, tried)
        if st.button(
            _("Try on the last 30 days"),
            icon=":material/history:",
            disabled=built is None,
            help=_("What these rules would have caught, and what became of it."),
            key="rules-month",
        ):
            _month(console, actor, school, built or Rules((), ()))
        rule_lists.draw(built, f"rules-{school.id}")
    changed = written != kept
    if st.button(
        _("Put these rules in place"),
        type="primary",
        icon=":material/save:",
        disabled=built is None or not changed,
        help=None if changed else _("Nothing is changed yet."),
        key="rules-save",
    ):
        _save(console, actor, school, written or "")


def _read(written: str) -> Rules | None:
    """The rules as written; where they cannot be used, why not."""
    try:
        built = rules.built(written)
    except RulesError as error:
        st.error(say(error), icon=":material/error:")
        return None
    terms = sum(len(each.terms) for each in built.lists)
    st.caption(
        ngettext("{n} watched word", "{n} watched words", terms).format(n=terms)
        + " · "
        + ngettext("{n} pattern", "{n} patterns", len(built.patterns)).format(n=len(built.patterns))
    )
    return built


def _found(built: Rules, trial: str) -> None:
    flags = filters.screen(built, trial)
    if not flags:
        st.markdown(f":green[●] {_('No rule matches: it would not come into the queue.')}")
        return
    tables.show(
        [
            {
                "rule": strangers.line(flag.rule),
                "term": strangers.line(flag.term),
                "text": strangers.line(trial[flag.start : flag.end]),
            }
            for flag in flags
        ],
        {"rule": _("List"), "term": _("Watched word"), "text": _("As written")},
        alt=_("What the rules find in the text"),
    )


def _month(console: Console, actor: Actor, school: School, built: Rules) -> None:
    with console.db.read() as tx:
        found = trial.over(tx, actor, school.id, built, now=console.now())
    first, second, third = st.columns(3)
    first.metric(_("Would be flagged"), number(found.caught), border=True)
    second.metric(_("Of them new"), number(found.new), border=True)
    third.metric(_("Approved by moderators"), number(found.approved), border=True)
    st.caption(
        _(
            "{read} comments since {date}. {missed} that the present rules flag are not flagged."
        ).format(
            read=number(found.read),
            date=moment(found.since, school.zone, now=console.now()),
            missed=number(found.missed),
        )
    )
    if found.examples:
        tables.show(
            [_row(example) for example in found.examples],
            {
                "new": _("New"),
                "terms": _("Watched word"),
                "text": _("As written"),
                "decision": _("Decided"),
            },
            alt=_("Comments that these rules would have flagged"),
        )


def _row(example: Caught) -> dict[str, str]:
    return {
        "new": "●" if example.new else "",
        "terms": strangers.line(", ".join(example.terms)),
        "text": strangers.line(example.text),
        "decision": _(DECISIONS[example.decision].text) if example.decision else "",
    }


def _save(console: Console, actor: Actor, school: School, written: str) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            rules.save(tx, actor, school.id, written, now=console.now())
        actionbar.say(f":green[●] {_('The rules are in place for all new comments.')}")
    st.rerun()
