"""What becomes of mail that is held: nobody knows whether it arrived, so a person decides."""

from functools import partial

from console.i18n import N_, _, ngettext
from console.views import acting
from console.widgets import actionbar, confirm
from console.widgets.actionbar import Act
from console.wiring import Console
from mailing import releasing
from mailing.model import Campaign
from store.access import Actor

BEFORE = N_(
    "The relay's log tells which of them left (python -m console mailed LOG). "
    "Their list is taken away at the foot of the page."
)
WHY = N_("The connection broke, or a backup was restored: they may have arrived.")


def acts(console: Console, actor: Actor, campaign: Campaign) -> list[Act]:
    count = campaign.totals.held

    def ask(*, resend: bool) -> None:
        again = ngettext("Send to {n} person again", "Send to {n} people again", count)
        sent = ngettext("Count {n} mail as sent", "Count {n} mails as sent", count)
        confirm.ask(
            _("What about the held ones?"),
            {
                _("What"): _(WHY),
                _("Then"): _("some may get it twice") if resend else _("some may not get it"),
                _("Before"): _(BEFORE),
                _("Undo"): _("none"),
            },
            (again if resend else sent).format(n=count),
            partial(_decide, console, actor, campaign, resend=resend),
            icon=":material/forward_to_inbox:" if resend else ":material/done:",
        )

    count_as_sent = Act(
        "held-sent",
        _("Count the held as sent"),
        lambda: ask(resend=False),
        icon=":material/done:",
        asks=True,
    )
    if campaign.state == "stopped":
        return [count_as_sent]
    again = Act(
        "held-again",
        _("Send the held again"),
        lambda: ask(resend=True),
        icon=":material/forward_to_inbox:",
        asks=True,
    )
    return [count_as_sent, again]  # first what sends nobody anything twice


def _decide(console: Console, actor: Actor, campaign: Campaign, *, resend: bool) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            count = releasing.decide_held(tx, actor, campaign.id, resend=resend, now=console.now())
        if resend:
            words = ngettext("{n} mail goes out again.", "{n} mails go out again.", count)
        else:
            words = ngettext("{n} mail counts as sent.", "{n} mails count as sent.", count)
        actionbar.say(words.format(n=count))
