"""Watched words: the school's rules as TOML, tried on a text before they are put in place."""

import streamlit as st

from console.i18n import _, ngettext, say
from console.views import acting, rule_lists, rule_names, rule_switches, rule_trial
from console.widgets import actionbar, strangers, tables
from console.wiring import Console
from moderation import filters, rules, trial_record
from moderation.filters import Rules, RulesError
from store.access import Actor
from store.schools import School


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        kept = rules.text_of(tx, actor, school.id)
        known = trial_record.known(tx, actor, school.id)
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
            rule_switches.draw(built, f"rules-{school.id}", known)
        said = st.text_area(
            _("Try a text"),
            height=110,
            placeholder=_("What would a comment like this be flagged for?"),
            key="rules-trial",
        )
        st.button(_("Try it"), icon=":material/science:", key="rules-try")
        if built and said:
            _found(built, said)
        rule_trial.offer(console, actor, school, built)
        rule_lists.draw(built, f"rules-{school.id}")
    off = _hindered(console, actor, school, built, changed=written != kept)
    if st.button(
        _("Put these rules in place"),
        type="primary",
        icon=":material/save:",
        disabled=built is None or off is not None,
        help=off,
        key="rules-save",
    ):
        _save(console, actor, school, written or "")


def _hindered(
    console: Console, actor: Actor, school: School, built: Rules | None, *, changed: bool
) -> str | None:
    """Why the rules cannot be put in place yet; what was not tried also stands on the page."""
    if not changed:
        return _("Nothing is changed yet.")
    with console.db.read() as tx:
        try:
            in_force = rules.of(tx, actor, school.id)
            trial_record.require(tx, actor, school.id, in_force, built or Rules((), ()))
        except RulesError as error:
            st.caption(f"◆ {say(error)}")
            return say(error)
    return None


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


def _found(built: Rules, said: str) -> None:
    flags = filters.screen(built, said)
    if not flags:
        st.markdown(f":green[●] {_('No rule matches: it would not come into the queue.')}")
        return
    tables.show(
        [
            {
                "rule": strangers.line(rule_names.spoken(flag.rule)),
                "term": strangers.line(flag.term),
                "text": strangers.line(said[flag.start : flag.end]),
            }
            for flag in flags
        ],
        {"rule": _("List"), "term": _("Watched word"), "text": _("As written")},
        alt=_("What the rules find in the text"),
    )


def _save(console: Console, actor: Actor, school: School, written: str) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            rules.save(tx, actor, school.id, written, now=console.now())
        actionbar.say(f":green[●] {_('The rules are in place for all new comments.')}")
    st.rerun()
