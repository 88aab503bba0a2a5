"""Tell the affected now: choose an approved text and look at it; the dialog sends it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from console.desk import emergencies
from console.desk.already import Told
from console.desk.emergencies import Cause, Choice, Plan
from console.desk.incidents import IncidentError
from console.i18n import NAMES, _, escape, moment, ngettext, number, say
from console.views import acting, composer_preview, segment_picker, writing
from console.views.segment_picker import GUARDIANS
from console.widgets import actionbar, confirm, head, keys, pages, strangers
from console.wiring import Console
from mailing import recipients, saved, templates, urgent_texts
from mailing.model import Totals
from mailing.segments import Segment
from mailing.templates import Message
from mailing.urgent_texts import UrgentText
from store import access
from store.access import Actor
from store.schools import School

EVERYBODY = "everybody"


def page(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "send", school.id)
    cause = _cause()
    if cause is None:
        head.title(_("Tell the affected now"), back="incidents")
        st.info(_("Open this from an incident, a lesson or a campaign."))
        return
    head.title(_("Tell the affected now"), back="incidents")
    with console.db.read() as tx:
        known = urgent_texts.of(tx, actor, school.id)
    approved = [each for each in known if each.approved]
    if not approved:
        _none(known)
        actionbar.told()
        return
    left, right = st.columns([2, 3], gap="large")
    with left:
        written = _text(approved, after=cause.kind == "campaign")
        planned = _planned(console, actor, school, cause, written)
        if planned is not None:
            _send(console, actor, planned, written)
    with right:
        if planned is not None:
            _preview(planned, written)
    actionbar.told()


def _cause() -> Cause | None:
    if found := pages.asked():
        return Cause("incident", found)
    if found := pages.asked("lesson"):
        return Cause("lesson", found)
    found = pages.asked("campaign")
    return Cause("campaign", found) if found else None


def _none(known: Sequence[UrgentText]) -> None:
    if known:
        st.info(_("No text for emergencies is approved yet. A second person agrees to one."))
    else:
        st.info(_("No text for emergencies is written yet. Write one in calm, for later."))
    pages.link("urgent", _("Texts for emergencies"), icon=":material/emergency_home:")


def _text(approved: Sequence[UrgentText], *, after: bool) -> UrgentText:
    by_id = {each.id: each for each in approved}
    chosen = st.radio(
        _("Text"),
        list(by_id),
        index=len(by_id) - 1 if after and len(by_id) > 1 else 0,
        format_func=lambda id_: strangers.name(by_id[id_].name),
        key="emergency-text",
    )
    pages.link("urgent", _("Texts for emergencies"), icon=":material/emergency_home:")
    return by_id.get(chosen or "", approved[0])


def _planned(
    console: Console, actor: Actor, school: School, cause: Cause, written: UrgentText
) -> Plan | None:
    note = ""
    if written.asks_for("note"):
        note = (
            st.text_input(
                _("What is to be added"),
                max_chars=emergencies.LONGEST_NOTE,
                placeholder=_("The new room is 12."),
                key="emergency-note",
            )
            or ""
        )
    guardians = written.guardians
    if cause.kind != "campaign":
        guardians = st.selectbox(
            _("Parents"),
            list(GUARDIANS),
            index=list(GUARDIANS).index(written.guardians),
            format_func=lambda each: _(GUARDIANS[each]) if each else _("Without parents"),
            key=f"emergency-parents-{written.id}",
        )
    choice = Choice(guardians, note, written=tuple(recipients.written(written.body)))
    try:
        return _plan(console, actor, cause, choice)
    except IncidentError as error:
        st.markdown(f":orange[◆] {say(error)}")
    segment = _people(console, actor, school)
    if segment is None:
        return None
    return _plan(console, actor, cause, replace(choice, segment=segment))


def _plan(console: Console, actor: Actor, cause: Cause, choice: Choice) -> Plan:
    with console.db.read() as tx:
        return emergencies.plan(tx, actor, cause, choice, console.lesson_link, now=console.now())


def _people(console: Console, actor: Actor, school: School) -> Segment | None:
    """A group that has a name, or everybody: what is quick to choose in a hurry."""
    with console.db.read() as tx:
        groups = {each.id: each for each in saved.of(tx, actor, school.id)}
    chosen = st.selectbox(
        _("Who is to be told"),
        [*groups, EVERYBODY],
        index=None,
        format_func=lambda id_: (
            strangers.line(groups[id_].name) if id_ in groups else _("Everybody in the school")
        ),
        placeholder=_("Choose"),
        key="emergency-people",
    )
    if chosen is None:
        return None
    return groups[chosen].segment if chosen in groups else Segment(everyone=True)


def _preview(planned: Plan, written: UrgentText) -> None:
    """As one of them gets it, in the language that she reads."""
    listed = [*planned.people.people, *(person for person, _why in planned.people.left_out)]
    if not listed:
        st.info(_("Nobody is meant. Choose who is to be told."))
        return
    by_id = {person.id: person for person in listed[: composer_preview.SHOWN]}
    chosen = st.selectbox(
        _("Show as"),
        list(by_id),
        format_func=lambda id_: strangers.line(f"{by_id[id_].name}, {by_id[id_].fields['lesson']}"),
        key="emergency-as",
    )
    person = by_id.get(chosen or "", listed[0])
    school = planned.school
    language = recipients.variant(
        person.language, school.language, recipients.written(written.body)
    )
    rendered = templates.render(
        Message(written.subject, written.body),
        recipients.fields(person),
        language=language,
        school=school.name,
        mandatory=True,
    )
    composer_preview.show(rendered)


def _send(console: Console, actor: Actor, planned: Plan, written: UrgentText) -> None:
    segment_picker.count(planned.people)
    if planned.follows:
        st.caption(f"{_('The first one')}: {_first(planned.first)}")
    with console.db.read() as tx:
        before = emergencies.already_told(tx, actor, planned, written, now=console.now())
    for told in before:
        st.markdown(f":orange[◆] {_('Already told')}: {escape(_told(console, planned, told))}")
        pages.link(
            "delivery", _("See how far it came"), icon=":material/outbox:", id=told.campaign_id
        )
    if st.button(
        _("Send it now"),
        type="primary",
        icon=":material/campaign:",
        shortcut=keys.shown("Mod+Enter"),
        disabled=not planned.people.people and not planned.people.left_out,
        on_click=confirm.opening,
        key="emergency-send",
    ):
        _ask(console, actor, planned, written, before)


def _first(totals: Totals) -> str:
    """How far the first one came: those who lack it get this one too, and may wonder at it."""
    said = _("{sent} have it, {held} may have it, {failed} failed, {out} left out, {waiting} wait.")
    counts = said.format(
        sent=number(totals.sent),
        held=number(totals.held),
        failed=number(totals.failed),
        out=number(totals.suppressed),
        waiting=number(totals.waiting),
    )
    return f"{counts} {_('All of them are told this one, by whatever way reaches them.')}"


def _told(console: Console, planned: Plan, told: Told) -> str:
    """18:05, Ana, 214 people."""
    at = moment(told.at, planned.school.zone, now=console.now())
    people = ngettext("{n} person", "{n} people", told.people).format(n=number(told.people))
    return _("{time}, by {name}, {people}").format(time=at, name=told.by, people=people)


def _ask(
    console: Console, actor: Actor, planned: Plan, written: UrgentText, before: Sequence[Told]
) -> None:
    """The second step: how many, who cannot be reached by mail, and that it leaves at once.

    Whom somebody has told already is told again only where that is ticked.
    """
    out = planned.people.left_out
    told = {}
    if planned.follows:
        told[_("The first one")] = _first(planned.first)
    if before:
        told[_("Already told")] = "\n".join(_told(console, planned, each) for each in before)
    told |= {
        _("Text"): strangers.line(written.name),
        _("By mail"): number(planned.mailed),
        _("Not by mail"): f"{number(len(out))} · {segment_picker.why(out, markdown=False)}"
        if out
        else _("nobody"),
        _("Languages"): ", ".join(NAMES[each] for each in recipients.written(written.body)),
        _("When"): _("at once, before all newsletters, also at night"),
        _("Undo"): _("none; what has not left can be paused"),
    }
    label = ngettext("Send to {n} person now", "Send to {n} people now", planned.mailed)
    act = partial(_release, console, actor, planned, written, before)
    agree = _("Tell them again all the same") if before else ""
    confirm.ask(_("Tell them now?"), told, label.format(n=planned.mailed), act, agree=agree)


def _release(
    console: Console, actor: Actor, planned: Plan, written: UrgentText, before: Sequence[Told]
) -> None:
    again = frozenset(each.campaign_id for each in before)
    campaign_id = ""
    with acting.guarded():
        sender = writing.sender(console, planned.school)
        with console.db.begin() as tx:
            campaign_id = emergencies.send(
                tx, actor, planned, written.id, written.digest, sender=sender, again=again,
                now=console.now(),
            )  # fmt: skip
    if campaign_id:
        console.changed(planned.school.id)
        pages.go("delivery", id=campaign_id)
