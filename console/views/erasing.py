"""Erase what a person wrote and got, on request: said back first, because it cannot be undone."""

import streamlit as st

from console.desk import erasure
from console.desk.people import Found
from console.i18n import _, ngettext
from console.views import acting
from console.widgets import actionbar, confirm, strangers
from console.widgets.actionbar import Act
from console.wiring import Console
from store import access, suggesting
from store.access import Actor
from store.schools import School


def acts(console: Console, actor: Actor, school: School, found: Found) -> list[Act]:
    """The act for administrators; nothing for others."""
    if not access.may(actor, "administer", school.id):
        return []
    return [
        Act(
            f"erase-{found.person.id}",
            _("Erase texts and mail"),
            lambda: ask(console, actor, school, found),
            "Shift+X",
            icon=":material/delete_forever:",
            kind="tertiary",
            asks=True,
        )
    ]


def ask(console: Console, actor: Actor, school: School, found: Found) -> None:
    with console.db.read() as tx:
        others = suggesting.sharing(tx, actor, found.person.id)
    after = _("No mail reaches the address; only a hash of it is kept for that.")
    if others:
        names = ", ".join(strangers.plain(name) for _id, name in others)
        after = _("The address still gets mail, because it is also the address of {names}.").format(
            names=names
        )
    confirm.ask(
        _("Erase what this person wrote and got?"),
        {
            _("Whose"): strangers.plain(found.person.name),
            _("What goes"): _("Texts, earlier wordings, names of files and of the author, in Pult"),
            _("Of mail"): _(
                "Name, address, fields and answers in all campaigns; phone; imported columns"
            ),
            _("What stays"): _(
                "That it was decided, when and by whom; the posts on the platforms; words of need "
                "until a lead answers them"
            ),
            _("From now on"): after,
            _("Undo"): _("Not possible. A backup made before still holds the texts."),
        },
        _("Erase texts and mail"),
        lambda: _erase(console, actor, school, found),
        icon=":material/delete_forever:",
    )


def _erase(console: Console, actor: Actor, school: School, found: Found) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            whose = erasure.accounts(tx, actor, school.id, found.person.id)
            gone = erasure.erase(tx, actor, school.id, whose, now=console.now())
            mail = erasure.mail(tx, actor, school.id, found.person.id, now=console.now())
        words = ngettext("{n} comment erased", "{n} comments erased", gone).format(n=gone)
        mails = ngettext("{n} mail", "{n} mails", mail.mails).format(n=mail.mails)
        actionbar.say(f":green[●] {words} · {mails}")
        if mail.under_way:
            actionbar.say(_("A mail to them is leaving this moment. Erase again in a minute."))
    st.rerun()
