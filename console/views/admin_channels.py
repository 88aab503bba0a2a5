"""Who is told of incidents, and how: by mail through the school's relay, or by a messenger."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import streamlit as st

from console.desk import channels, posting
from console.desk.channels import MAIL, MESSENGER, Channel
from console.i18n import N_, NAMES, _, escape, say
from console.views import acting, forms, keeping, reaching, safeguarding_leads
from console.widgets import actionbar, choice, confirm, status
from console.wiring import Console
from store.access import Actor
from store.schools import LANGUAGES, School

WAYS = {MAIL: N_("Mail"), MESSENGER: N_("Messenger")}
REPEATS = {
    "0": (timedelta(0), N_("Never")),
    "15": (timedelta(minutes=15), N_("15 min")),
    "30": (timedelta(minutes=30), N_("30 min")),
    "60": (timedelta(hours=1), N_("1 hour")),
}
EXAMPLE = "ntfys://ntfy.sh/school-14"
GUIDE = "https://appriseit.com/services/"


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        known = channels.of(tx, actor, school.id)
    safeguarding_leads.draw(console, actor, school)
    if st.button(_("Add who is told"), icon=":material/add:", key="channel-add"):
        edit(console, actor, school, None)
    if not known:
        st.info(_("Nobody is told yet: whoever does not look at Pult does not know."))
    for channel in known:
        with st.container(border=True):
            _one(console, actor, school, channel)
    reaching.gateways(console, actor, school)


def _one(console: Console, actor: Actor, school: School, channel: Channel) -> None:
    st.markdown(f"**{escape(channel.name)}**")
    told = [_(WAYS[channel.transport]), NAMES[channel.language]]
    told.append(_said_to(channel))
    st.caption(" · ".join(told))
    if channel.problem:
        status.mark(_("The last notice did not arrive"), "red", shape="▲")
        st.markdown(say(channel.problem))
    with st.container(horizontal=True):
        if st.button(_("Test"), icon=":material/send:", key=f"channel-test-{channel.id}"):
            _test(console, actor, channel.id)
            st.rerun()
        if st.button(_("Change"), icon=":material/edit:", key=f"channel-change-{channel.id}"):
            edit(console, actor, school, channel)
        if st.button(
            _("Remove"),
            icon=":material/delete:",
            type="tertiary",
            key=f"channel-remove-{channel.id}",
        ):
            _ask_removal(console, actor, channel)


def _said_to(channel: Channel) -> str:
    if channel.welfare:
        return _("of welfare alarms, and of nothing else")
    return _("also of suspicions") if channel.suspects else _("of what is down")


def edit(console: Console, actor: Actor, school: School, channel: Channel | None) -> None:
    """The address may hold a token: typed, sealed and never shown back."""
    start = channel or Channel("", school.id, "", MAIL, school.language, False, REPEATS["30"][0])

    def fields() -> Callable[[], None]:
        given, address = _fields(start)

        def keep() -> None:
            now = console.now()
            with console.db.begin() as tx:
                if channel:
                    channels.change(tx, actor, given, console.vault, address=address, now=now)
                    channel_id = channel.id
                else:
                    channel_id = channels.add(
                        tx, actor, school.id, console.vault,
                        name=given.name, transport=given.transport, address=address,
                        language=given.language, suspects=given.suspects, repeat=given.repeat,
                        welfare=given.welfare, now=now,
                    )  # fmt: skip
            _test(console, actor, channel_id)

        return keep

    title = _("Change who is told") if channel else _("Add who is told")
    forms.edit(title, _("Save and test"), fields, icon=":material/campaign:")


def _fields(start: Channel) -> tuple[Channel, str]:
    """What was entered, and the address."""
    name = st.text_input(
        _("Who is told"), start.name, placeholder=_("Technicians"), key="channel-name"
    )
    ways = {key: _(word) for key, word in WAYS.items()}
    way = choice.segments(_("By"), ways, default=start.transport, key="channel-way")
    address = _address(way, kept=bool(start.id) and way == start.transport)
    languages = list(LANGUAGES)
    language = st.selectbox(
        _("Language"),
        languages,
        index=languages.index(start.language),
        format_func=NAMES.__getitem__,
        key="channel-language",
    )
    suspects = st.toggle(
        _("Also of what is only suspected"), start.suspects, key="channel-suspects"
    )
    welfare = st.toggle(
        _("Welfare alarms, and nothing else"),
        start.welfare,
        help=_("For the safeguarding lead. Without such a channel, all hear of alarms."),
        key="channel-welfare",
    )
    repeats = {key: _(word) for key, (_length, word) in REPEATS.items()}
    usual = next((key for key, (length, _w) in REPEATS.items() if length == start.repeat), "30")
    repeat = choice.segments(
        _("Again while nobody has it"), repeats, default=usual, key="channel-repeat"
    )
    given = replace(
        start,
        name=name or "",
        transport=way,
        language=language,
        suspects=suspects,
        repeat=REPEATS[repeat][0],
        welfare=welfare,
    )
    return given, address


def _address(way: str, *, kept: bool) -> str:
    hint = _("kept sealed; leave empty to keep it") if kept else None
    if way == MAIL:
        return st.text_input(_("Mail address"), placeholder=hint, key="channel-mail") or ""
    address = st.text_input(
        _("Address of the messenger"),
        type="password",
        autocomplete="new-password",
        placeholder=hint or EXAMPLE,
        help=_("An Apprise URL: Telegram, Matrix, ntfy and many more. See {guide}").format(
            guide=GUIDE
        ),
        key="channel-url",
    )
    return address or ""


def _test(console: Console, actor: Actor, channel_id: str) -> None:
    with acting.guarded():
        with st.spinner(_("Sending a trial")):
            posting.try_out(console.db, actor, channel_id, console.ways, now=console.now())
        actionbar.say(f":green[●] {_('The trial is sent.')}")


def _ask_removal(console: Console, actor: Actor, channel: Channel) -> None:
    confirm.ask(
        _("Tell this one no more?"),
        {_("Who"): channel.name, _("Undo"): _("none; the address is entered anew")},
        _("Tell {name} no more").format(name=escape(channel.name)),
        partial(
            keeping.remove,
            console,
            actor,
            channels.remove,
            channel.id,
            _("{name} is removed.").format(name=escape(channel.name)),
        ),
        icon=":material/delete:",
    )
