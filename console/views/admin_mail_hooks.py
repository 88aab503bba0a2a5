"""Which mail providers tell of bounces and complaints by themselves, and by which key."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from console.i18n import N_, _, moment
from console.views import acting, forms
from console.widgets import actionbar, confirm
from console.wiring import Console
from mailing import hooks
from mailing.hooks import Hook
from store.access import Actor
from store.schools import School

NAMES = {
    "mailgun": "Mailgun",
    "ses": "Amazon SES",
    "pult": N_("Your own programs (docs/returned.md)"),
}

# What is asked for, where it stands, and how it looks.
ASKED = {
    "mailgun": (
        N_("Its signing key"),
        N_("Mailgun shows it under Webhooks as the HTTP webhook signing key."),
        "",
    ),
    "ses": (
        N_("The ARN of its SNS topic"),
        N_("The topic to which SES publishes bounces and complaints; nobody else's is believed."),
        "arn:aws:sns:eu-west-1:123456789012:bounces",
    ),
    "pult": (
        N_("Its signing key"),
        N_("Make one for your program: openssl rand -hex 32"),
        "",
    ),
}


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        listening = hooks.of(tx, actor, school.id)
    with st.container(border=True):
        st.markdown(f"**{_('Bounces and complaints from the mail provider')}**")
        st.caption(
            _(
                "A provider tells of them at once. Only what its key has signed is believed, "
                "and only of mail that left from here."
            )
        )
        for hook in listening:
            _hook(console, actor, school, hook)
        with st.container(horizontal=True):
            if st.button(_("Listen to a provider"), icon=":material/webhook:", key="hook-change"):
                _change(console, actor, school)


def _hook(console: Console, actor: Actor, school: School, hook: Hook) -> None:
    """The address is what the provider is to be given; the key is never shown back."""
    now = console.now()
    heard = _("Nothing came yet.")
    if hook.heard_at:
        time = moment(hook.heard_at, school.zone, now=now)
        heard = _("Last heard: {time}").format(time=time)
    st.markdown(f"{_(NAMES[hook.provider])} :gray[· {heard}]")
    address = console.mail_hook_address(hook.provider, school.id)
    st.code(address, language=None, wrap_lines=True)
    if st.button(
        _("Listen no more"), icon=":material/hearing_disabled:", key=f"hook-off-{hook.provider}"
    ):
        confirm.ask(
            _("Listen to it no more?"),
            {
                _("Provider"): _(NAMES[hook.provider]),
                _("Then"): _("bounces are heard by SMTP and from the mailbox only"),
                _("Undo"): _("listen to it again, with its key"),
            },
            _("Listen no more"),
            partial(_remove, console, actor, school, hook),
            icon=":material/hearing_disabled:",
        )


def _remove(console: Console, actor: Actor, school: School, hook: Hook) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            hooks.remove(tx, actor, school.id, hook.provider, now=console.now())
        actionbar.say(_("Nothing is taken from it any more."))


def _change(console: Console, actor: Actor, school: School) -> None:
    def fields() -> Callable[[], None]:
        provider = st.selectbox(
            _("Provider"),
            list(NAMES),
            format_func=lambda each: _(NAMES[each]),
            key="hook-provider",
        )
        label, hint, example = ASKED[provider or "pult"]
        secret = st.text_input(
            _(label),
            type="default" if provider == "ses" else "password",
            placeholder=example,
            autocomplete="off" if provider == "ses" else "new-password",
            key=f"hook-secret-{provider}",
        )
        st.caption(_(hint))

        def keep() -> None:
            with console.db.begin() as tx:
                hooks.save(
                    tx,
                    actor,
                    school.id,
                    console.vault,
                    provider=provider or "",
                    secret=(secret or "").strip(),
                    now=console.now(),
                )
            actionbar.say(_("Give the provider the address that stands here now."))

        return keep

    forms.edit(_("Listen to a provider"), _("Save"), fields, icon=":material/webhook:")
