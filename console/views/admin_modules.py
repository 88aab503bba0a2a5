"""Modules: conditions that many targets share; and all of it as a file, out and in."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from console.i18n import N_, _, escape, say
from console.views import forms, keeping, module_form
from console.widgets import actionbar, confirm, names, strangers, tables
from console.wiring import Console
from probes import exporting, importing, modules
from probes.importing import Outcome
from probes.model import NamedModule, Target, TargetError
from store.access import Actor
from store.schools import School

SHOWN = 20  # wrong entries told
KINDS = {"module": N_("module"), "target": N_("target")}


def draw(
    console: Console,
    actor: Actor,
    school: School,
    known: Sequence[NamedModule],
    found: Sequence[Target],
) -> None:
    st.subheader(_("Modules"), anchor=False)
    st.caption(_("A module is a probe with its conditions, under a name, for many targets."))
    if st.button(_("Add a module"), icon=":material/add:", key="module-add"):
        module_form.edit(console, actor, school, None)
    if not known:
        return
    ticked = _list(known, found)
    chosen = next((module for module in known if module.id == ticked), None)
    if chosen is None:
        st.caption(_("Tick a module to change or remove it."))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(chosen.name)}**", width="content")
        if st.button(_("Change"), key=f"module-change-{chosen.id}", icon=":material/edit:"):
            module_form.edit(console, actor, school, chosen)
        if st.button(
            _("Remove"), key=f"module-remove-{chosen.id}", icon=":material/delete:", type="tertiary"
        ):
            _ask_removal(console, actor, chosen)


def as_file(console: Console, actor: Actor, school: School) -> None:
    """The buttons that take everything out as TOML and bring it in."""
    with console.db.read() as tx:
        written = exporting.toml(tx, actor, school.id)
    st.download_button(
        _("Export"),
        written,
        file_name="targets.toml",
        mime="application/toml",
        icon=":material/download:",
        disabled=not written,
        key="targets-export",
    )
    if st.button(_("Import"), icon=":material/upload:", key="targets-import"):
        _import(console, actor, school)


def _list(known: Sequence[NamedModule], found: Sequence[Target]) -> str | None:
    used = [target.module_id for target in found]
    return tables.choose(
        [
            {
                "name": strangers.line(module.name),
                "prober": names.probe(module.prober),
                "conditions": strangers.line(_told(module)),
                "used": used.count(module.id),
            }
            for module in known
        ],
        {
            "name": st.column_config.TextColumn(_("Module"), width=190),
            "prober": st.column_config.TextColumn(_("Probe"), width=100),
            "conditions": st.column_config.TextColumn(_("Conditions"), width=380),
            "used": st.column_config.NumberColumn(_("Targets"), width=80),
        },
        ids=[module.id for module in known],
        key="module-list",
        alt=_("The modules"),
    )


def _told(module: NamedModule) -> str:
    """Its conditions as they stand in a file; of secrets the names alone."""
    written = [f"{name} = {value}" for name, value in module.conditions.items()]
    return ", ".join([*written, *module.sealed])


def _ask_removal(console: Console, actor: Actor, module: NamedModule) -> None:
    confirm.ask(
        _("Remove this module?"),
        {_("What"): module.name, _("Undo"): _("none; export it first to keep it")},
        _("Remove the module"),
        partial(
            keeping.remove,
            console,
            actor,
            modules.remove,
            module.id,
            _("{name} is removed.").format(name=escape(module.name)),
        ),
        icon=":material/delete:",
    )


def _import(console: Console, actor: Actor, school: School) -> None:
    bring = partial(importing.bring_in, console.db, actor, school.id)

    def fields() -> Callable[[], None]:
        st.caption(_("A TOML file as Export writes it. What has a name that is there changes it."))
        given = st.file_uploader(_("File"), type=["toml"], key="targets-file")
        written = given.getvalue().decode("utf-8", "replace") if given else ""
        if given:
            _trial(lambda: bring(written, now=console.now(), dry_run=True))

        def keep() -> None:
            if given:
                _kept(bring(written, now=console.now()))

        return keep

    forms.edit(_("Import targets"), _("Bring these in"), fields, icon=":material/upload:")


def _trial(run: Callable[[], Outcome]) -> None:
    """What the file would do, before it does it."""
    try:
        outcome = run()
    except TargetError as error:
        st.error(say(error), icon=":material/error:")
        return
    st.markdown(_counts(outcome))
    for problem in outcome.problems[:SHOWN]:
        entry = problem.entry
        where = _("line {n}").format(n=entry.line) if entry.line else ""
        kind = _(KINDS[entry.kind])
        strangers.text(", ".join(part for part in (where, kind, entry.name) if part))
        st.markdown(f":red[{say(problem.what)}]")
    for words in outcome.awaited:
        st.markdown(say(words))


def _counts(outcome: Outcome) -> str:
    return _("{added} added, {changed} changed, {unchanged} unchanged, {wrong} wrong").format(
        added=len(outcome.added),
        changed=len(outcome.changed),
        unchanged=len(outcome.unchanged),
        wrong=len(outcome.problems),
    )


def _kept(outcome: Outcome) -> None:
    """Raises TargetError, so that the dialog stays open, when nothing was brought in."""
    if outcome.problems:
        first = outcome.problems[0].what
        raise TargetError(first.template, first.params)
    actionbar.say(f":green[●] {_counts(outcome)}")
