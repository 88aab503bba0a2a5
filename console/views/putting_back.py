"""A Restore button wherever a past decision is shown: what it does, and then its receipt."""

from collections.abc import Sequence

import streamlit as st

from console.desk import people
from console.i18n import N_, _, escape
from console.views import acting
from console.views.abilities import CANNOT
from console.views.reasons import DECISIONS
from console.widgets import actionbar
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import reversal
from moderation.model import Stored
from platforms.base import PlatformError
from platforms.capabilities import Moderated
from store import access
from store.access import Actor
from store.schools import School
from store.vault import VaultError

KEY = "Shift+U"  # beside U, which undoes what was just done
PUTS = N_("On {place}: the original wording stands in its place again, and is read back.")
ANEW = N_("On {place}: the original wording is written there anew, and is read back.")
TOLD = N_("The author is told, if they were told that it went.")


class Offer:
    """What of these comments can be restored, and the buttons for it; read once a screen.

    `keyed`: the first of them is the screen's own, which has the key.
    """

    def __init__(
        self,
        console: Console,
        actor: Actor,
        school: School,
        comment_ids: Sequence[str],
        *,
        keyed: bool = False,
    ) -> None:
        self._console, self._actor, self._school = console, actor, school
        self._key = KEY if keyed else None
        self._found: dict[str, Stored] = {}
        if not comment_ids or not access.may(actor, "moderate", school.id):
            return
        with console.db.read() as tx:
            self._found = reversal.restorable(tx, actor, school.id, comment_ids)
            self._names = people.connection_names(tx, actor, school.id) if self._found else {}

    def button(self, comment_id: str, *, key: str) -> None:
        """Nothing where nothing is to be put back; off, with why, where it cannot be."""
        comment = self._found.get(comment_id)
        if comment is None:
            return
        off, hint = _does(self._console, comment, self._names.get(comment.connection_id, ""))
        actionbar.button(
            Act(
                f"restore-{key}-{comment.id}",
                _("Restore"),
                lambda: self._restore(comment),
                self._key,
                ":material/restore:",
                "tertiary",
                off=off or None,
                hint=hint,
            )
        )
        self._key = None

    def _restore(self, comment: Stored) -> None:
        """Outside the transaction the platform is asked, and the bar tells what came of it."""
        console, actor = self._console, self._actor
        with acting.guarded():
            with console.db.begin() as tx:
                action_id = reversal.restore(tx, actor, comment.id, now=console.now())
            acting.carry_out(console, actor, self._school, [action_id])
        st.rerun()


def badges(decision: str, *, restored: bool) -> str:
    """How a decision is called, in Markdown, and that it was taken back since."""
    shown = [decision, "restore"] if restored else [decision]
    looks = [DECISIONS[each] for each in shown if each in DECISIONS]
    return " ".join(f":{look.colour}-badge[{_(look.text)}]" for look in looks)


def _does(console: Console, comment: Stored, place: str) -> tuple[str, str]:
    """Why it cannot be done there, or what will be; the adapter is only made."""
    name = {"place": escape(place)}
    try:
        adapter = console.adapters(comment.connection_id)
    except (VaultError, PlatformError):  # sealed, or taken away since
        return _(CANNOT).format(**name), ""
    exactly = isinstance(adapter, Moderated) and "remove comment" in adapter.undoes
    if not exactly and "restore comment" not in adapter.can:
        return _(CANNOT).format(**name), ""
    return "", f"{_(PUTS if exactly else ANEW).format(**name)} {_(TOLD)}"
