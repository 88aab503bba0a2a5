"""The same letter once more to those without it; to the uncertain only where they are ticked."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from console.i18n import N_, _, ngettext, number
from console.views import forms, writing
from console.widgets import confirm, pages
from console.widgets.actionbar import Act
from console.wiring import Console
from mailing import reached
from mailing.model import Campaign, MailingError
from store.access import Actor
from store.schools import School

NOBODY_FAILED = N_("Nobody's mail failed. Decide about the uncertain ones, or tick them.")


def act(console: Console, actor: Actor, school: School, campaign: Campaign) -> Act:
    return Act(
        "follow",
        _("Write to those without it"),
        lambda: _follow(console, actor, school, campaign),
        "L",
        ":material/mail:",
        "tertiary",
        asks=True,
    )


def _follow(console: Console, actor: Actor, school: School, campaign: Campaign) -> None:
    """Draft the same letter to those without it; to the uncertain only where that is ticked."""
    totals = campaign.totals

    def ask() -> Callable[[], None]:
        failed = ngettext("{n} mail failed: meant.", "{n} mails failed: meant.", totals.failed)
        st.markdown(f":red[▲] {failed.format(n=number(totals.failed))}")
        also = False
        if totals.held:
            held = ngettext(
                "{n} mail is uncertain: they may have it already.",
                "{n} mails are uncertain: they may have it already.",
                totals.held,
            )
            st.markdown(f":orange[◆] {held.format(n=number(totals.held))}")
            also = st.checkbox(
                _("Write to these too: some get it twice"), key=f"follow-held-{campaign.id}"
            )
        return partial(_draft_to_those, console, actor, school, campaign, uncertain=also)

    forms.edit(_("Write to those without it"), _("Draft it"), ask, icon=":material/mail:")


def _draft_to_those(
    console: Console, actor: Actor, school: School, campaign: Campaign, *, uncertain: bool
) -> None:
    with console.db.read() as tx:
        ids = reached.without(tx, actor, campaign.id, uncertain=uncertain)
    if not ids:
        raise MailingError(NOBODY_FAILED)
    letter = writing.to_people(console, actor, school, ids, like=campaign)
    confirm.closed()
    pages.go("composer", id=letter)
