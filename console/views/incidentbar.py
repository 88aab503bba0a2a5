"""What can be done about an incident: take it, tell people, note, close with a reason."""

from collections.abc import Callable

import streamlit as st

from console.desk import incidents, notices
from console.desk.incidents import Incident, IncidentError
from console.i18n import _, say
from console.views import writing
from console.widgets import actionbar, confirm, pages, screen
from console.widgets.actionbar import Act
from console.wiring import Console
from mailing.model import MailingError
from store import access, schools
from store.access import Actor


def draw(console: Console, actor: Actor, incident: Incident) -> None:
    may = access.may(actor, "incident", incident.school_id)
    off = None if may else _("Your role does not allow this.")
    closed = _("The incident is closed.") if incident.closed_at else None
    actionbar.bar(
        [
            Act(
                "take",
                _("Take it"),
                lambda: _take(console, actor, incident),
                "T",
                ":material/back_hand:",
                "primary",
                off=off or closed or (_("Somebody has it.") if incident.owner_id else None),
            ),
            *_telling(console, actor, incident, closed or _cannot_write(actor, incident)),
            Act(
                "note",
                _("Note"),
                lambda: note(console, actor, incident),
                "I",
                ":material/edit_note:",
                off=off,
                asks=True,
            ),
            Act(
                "close",
                _("Close"),
                lambda: close(console, actor, incident),
                "Z",
                ":material/task_alt:",
                off=off or closed or _still_fails(incident),
                asks=True,
            ),
        ]
    )


def _telling(console: Console, actor: Actor, incident: Incident, off: str | None) -> list[Act]:
    """At once, or in one's own words."""
    return [
        Act(
            "tell",
            _("Tell"),
            lambda: pages.go("emergency", id=incident.id),
            "L",
            ":material/campaign:",
            off=off,
            hint=_("An approved text to all whom it affects, at once."),
        ),
        Act(
            "letter",
            _("Write a letter"),
            lambda: _tell(console, actor, incident),
            icon=":material/edit_square:",
            off=off,
            hint=_("A draft in your own words; it leaves like any other campaign."),
        ),
    ]


def _cannot_write(actor: Actor, incident: Incident) -> str | None:
    if access.may(actor, "write", incident.school_id):
        return None
    return _("Your role does not allow this.")


def _tell(console: Console, actor: Actor, incident: Incident) -> None:
    """Draft the letter to the affected and open it; nothing leaves before it is looked over."""
    with console.db.read() as tx:
        school = schools.get(tx, actor, incident.school_id)
    try:
        sender = writing.sender(console, school)
        with console.db.begin() as tx:
            now = console.now()
            letter = notices.tell(tx, actor, incident.id, sender=sender, now=now)
    except (IncidentError, MailingError) as error:
        actionbar.say(say(error))
        st.rerun()
    pages.go("composer", id=letter)


def _still_fails(incident: Incident) -> str | None:
    if incident.target_id and incident.recovered_at is None:
        return _("The service still fails. Closing is possible once it answers again.")
    return None


def _take(console: Console, actor: Actor, incident: Incident) -> None:
    with console.db.begin() as tx:
        taken = incidents.take(tx, actor, incident.id, now=console.now())
    console.changed(incident.school_id)
    actionbar.say(_("You have it.") if taken else _("Somebody was faster."))
    st.rerun()


def note(console: Console, actor: Actor, incident: Incident) -> None:
    def keep(words: str) -> None:
        with console.db.begin() as tx:
            incidents.note(tx, actor, incident.id, words, now=console.now())
        actionbar.say(_("Noted."))

    _asked(_("Note"), _("What was done or seen"), _("Keep the note"), keep)


def close(console: Console, actor: Actor, incident: Incident) -> None:
    def done_with(reason: str) -> None:
        with console.db.begin() as tx:
            done = incidents.close(tx, actor, incident.id, reason, now=console.now())
        console.changed(incident.school_id)
        actionbar.say(_("The incident is closed.") if done else _("It was closed already."))

    _asked(_("Close the incident"), _("What it was"), _("Close the incident"), done_with)


def _asked(title: str, label: str, button: str, act: Callable[[str], None]) -> None:
    """A dialog with one text; Ctrl+Enter acts, and what is wrong stands beside the text."""

    @st.dialog(title, on_dismiss=confirm.closed)
    def dialog() -> None:
        words = st.text_area(label, key="asked-words", max_chars=incidents.LONGEST_NOTE)
        pressed = st.button(
            button, type="primary", key="asked-yes", shortcut=screen.key("Mod+Enter")
        )
        if pressed and confirm.is_open():
            try:
                act(words)
            except IncidentError as error:
                st.error(say(error))
                return
            confirm.closed()
            st.rerun()

    confirm.opened()
    dialog()
