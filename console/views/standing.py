"""Standing newsletters: what is drawn by rule, when the next leaves, what waits for release."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time
from functools import partial

import streamlit as st
from babel.dates import get_day_names

from console.i18n import N_, _, language, moment
from console.views import acting, forms, keeping, segment_picker, segment_words
from console.views.campaigns import STAGES
from console.views.segment_picker import Choices
from console.widgets import actionbar, confirm, head, pages, status, strangers
from console.wiring import Console
from mailing import campaigns, standing
from mailing.segments import Segment
from mailing.standing import CONTENT, Content, Issue, Standing
from store import access
from store.access import Actor
from store.schools import School

WORDS: dict[Content, str] = {
    "lessons": N_("Coming lessons"),
    "changes": N_("Changes of the timetable"),
    "materials": N_("New materials"),
}
EVERY_DAY = -1


def page(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "write", school.id)
    head.title(_("Standing newsletters"), back="campaigns")
    st.caption(
        _(
            "An issue is drawn a day before it leaves and waits as a draft: nothing leaves before "
            "somebody has read and released it. One without content is not sent."
        )
    )
    if not console.sender(school.id):
        st.warning(_("No sender is set yet. An administrator enters it under Admin, Mail."))
    with console.db.read() as tx:
        known = standing.of(tx, actor, school.id)
    if st.button(
        _("New newsletter"),
        type="primary",
        icon=":material/add:",
        on_click=confirm.opening,
        key="standing-new",
    ):
        empty = Standing("", school.id, "", Segment(), ("lessons", "changes"), 6, time(18))
        _edit(console, actor, school, empty)
    if not known:
        st.info(_("No newsletter is drawn by rule yet."), icon=":material/newsmode:")
    for rule in known:
        with st.container(border=True):
            _one(console, actor, school, rule)
    actionbar.told()


def _one(console: Console, actor: Actor, school: School, rule: Standing) -> None:
    offered = segment_picker.choices(console, actor, school, rule.segment)
    with st.container(horizontal=True, vertical_alignment="center"):
        if rule.paused:
            status.mark(_("Paused"), "violet", shape="■")
        else:
            status.mark(_("Runs"), "green", shape="●")
        st.markdown(f"**{strangers.name(rule.name)}**", width="content")
    st.markdown(segment_words.sentence(rule.segment, offered))
    about = ", ".join(_(WORDS[each]) for each in rule.content)
    st.caption(f"{about} · {when(rule)}")
    _issues(console, actor, school, rule)
    with st.container(horizontal=True):
        _buttons(console, actor, school, rule)


def when(rule: Standing) -> str:
    if rule.weekday is None:
        return _("every day at {time}").format(time=f"{rule.at:%H:%M}")
    name = get_day_names(locale=language())[rule.weekday]
    return _("every week: {day}, {time}").format(day=name, time=f"{rule.at:%H:%M}")


def _issues(console: Console, actor: Actor, school: School, rule: Standing) -> None:
    now = console.now()
    coming = rule.next(school.time(now), school.zone)
    with console.db.read() as tx:
        newest = standing.last(tx, actor, rule.id)
    if newest is not None:
        _newest(console, actor, school, newest)
    if not rule.paused and (newest is None or newest.period < coming):
        drawn = moment(coming - standing.LEAD, school.zone, now=school.time(now))
        leaves = moment(coming, school.zone, now=school.time(now))
        st.caption(
            _("Next issue: drawn {drawn}, leaves {leaves}").format(drawn=drawn, leaves=leaves)
        )


def _newest(console: Console, actor: Actor, school: School, issue: Issue) -> None:
    now = console.now()
    at = moment(issue.period, school.zone, now=school.time(now))
    if issue.campaign_id is None:
        st.caption(_("Issue of {time}: nothing to tell, so nothing is sent.").format(time=at))
        return
    with console.db.read() as tx:
        campaign = campaigns.get(tx, actor, issue.campaign_id)
    stage = campaign.stage(now)
    with st.container(horizontal=True, vertical_alignment="center"):
        word, colour = STAGES[stage]
        waits = stage == "draft"
        status.mark(_("◆ Waits for release") if waits else _(word), "orange" if waits else colour)
        st.markdown(_("Issue of {time}").format(time=at), width="content")
        if waits:
            pages.link("composer", _("Read and release"), icon=":material/preview:", id=campaign.id)
        elif stage != "expired":
            pages.link("delivery", _("Delivery"), icon=":material/outgoing_mail:", id=campaign.id)


def _buttons(console: Console, actor: Actor, school: School, rule: Standing) -> None:
    if st.button(
        _("Go on") if rule.paused else _("Pause"),
        icon=":material/play_arrow:" if rule.paused else ":material/pause:",
        key=f"standing-pause-{rule.id}",
    ):
        with acting.guarded(), console.db.begin() as tx:
            standing.pause(tx, actor, rule.id, paused=not rule.paused, now=console.now())
        st.rerun()
    keeping.buttons(
        f"standing-{rule.id}",
        partial(_edit, console, actor, school, rule),
        partial(
            keeping.remove,
            console,
            actor,
            standing.remove,
            rule.id,
            _("No issue is drawn any more."),
        ),
        question=_("Remove this newsletter?"),
        facts={_("Name"): strangers.line(rule.name), _("Undo"): _("none; what was drawn stays")},
        button=_("Remove the newsletter"),
    )


def _edit(console: Console, actor: Actor, school: School, rule: Standing) -> None:
    offered: Choices = segment_picker.choices(console, actor, school, rule.segment)

    def fields() -> Callable[[], None]:
        place = rule.id or "new"
        name = st.text_input(_("Name"), rule.name, max_chars=100, key=f"standing-name-{place}")
        content = st.multiselect(
            _("What it tells"),
            list(CONTENT),
            default=list(rule.content),
            format_func=lambda each: _(WORDS[each]),
            placeholder=_("Choose"),
            key=f"standing-content-{place}",
        )
        weekday, at = _schedule(rule, place)
        segment = segment_picker.pick(rule.segment, offered, key=f"standing-{place}")
        wanted = replace(
            rule, name=name or "", content=tuple(content), weekday=weekday, at=at, segment=segment
        )

        def keep() -> None:
            with console.db.begin() as tx:
                standing.save(tx, actor, wanted, now=console.now())
            actionbar.say(_("Kept. The next issue is drawn a day before it leaves."))

        return keep

    title = _("Change the newsletter") if rule.id else _("New newsletter")
    forms.edit(title, _("Keep it"), fields, icon=":material/newsmode:")


def _schedule(rule: Standing, place: str) -> tuple[int | None, time]:
    names = get_day_names(locale=language())
    left, right = st.columns(2)
    with left:
        day = st.selectbox(
            _("Day"),
            [EVERY_DAY, *range(7)],
            index=0 if rule.weekday is None else rule.weekday + 1,
            format_func=lambda each: _("Every day") if each == EVERY_DAY else names[each],
            key=f"standing-day-{place}",
        )
    with right:
        at = st.time_input(_("Leaves at"), rule.at, step=900, key=f"standing-at-{place}")
    return (None if day == EVERY_DAY else day), at
