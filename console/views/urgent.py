"""Texts for emergencies: written in calm, read and agreed to by a second person."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from console.i18n import NAMES, _, moment
from console.views import acting, forms, keeping
from console.views.segment_picker import GUARDIANS
from console.widgets import actionbar, confirm, head, status, strangers
from console.wiring import Console
from mailing import urgent_starters, urgent_texts
from mailing.selecting import Guardians
from mailing.urgent_texts import FACTS, UrgentText
from store import access
from store.access import Actor
from store.schools import LANGUAGES, School


def page(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "write", school.id)
    head.title(_("Texts for emergencies"), back="campaigns")
    st.caption(
        _(
            "They are sent as they stand, with the facts of the incident: so somebody else than "
            "the author agrees to each beforehand. A changed letter asks for it anew."
        )
    )
    with console.db.read() as tx:
        known = urgent_texts.of(tx, actor, school.id)
    with st.container(horizontal=True):
        if st.button(
            _("New text"),
            type="primary",
            icon=":material/add:",
            on_click=confirm.opening,
            key="urgent-new",
        ):
            _edit(console, actor, school, None)
        if not known and st.button(
            _("Begin with three texts"), icon=":material/auto_stories:", key="urgent-begin"
        ):
            _begin(console, actor, school)
    for written in known:
        _one(console, actor, school, written)
    actionbar.told()


def _one(console: Console, actor: Actor, school: School, written: UrgentText) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            if written.approved and written.approved_at:
                status.mark(_("Approved"), "green", shape="●")
            else:
                status.mark(_("Needs a second person"), "orange", shape="◆")
            st.markdown(f"**{strangers.name(written.name)}**", width="content")
            if written.approved_at:
                at = moment(written.approved_at, school.zone, now=console.now())
                st.caption(_("agreed to {time}").format(time=at), width="content")
        for language, body in written.body.items():
            if body.strip():
                with st.expander(NAMES.get(language, language)):
                    strangers.text(written.subject.get(language, ""))
                    strangers.text(body)
        with st.container(horizontal=True):
            _buttons(console, actor, school, written)


def _buttons(console: Console, actor: Actor, school: School, written: UrgentText) -> None:
    own = written.changed_by == actor.account_id
    if not written.approved and st.button(
        _("Agree to it"),
        type="primary",
        icon=":material/done:",
        disabled=own or not access.may(actor, "send", school.id),
        help=_("Somebody else must agree to it: it is you who wrote it.") if own else None,
        key=f"urgent-agree-{written.id}-{written.digest[:12]}",  # for this text alone
    ):
        with acting.guarded():
            with console.db.begin() as tx:
                urgent_texts.approve(tx, actor, written.id, written.digest, now=console.now())
            actionbar.say(_("It may be sent from now on."))
        st.rerun()
    keeping.buttons(
        f"urgent-{written.id}",
        partial(_edit, console, actor, school, written),
        partial(
            keeping.remove,
            console,
            actor,
            urgent_texts.remove,
            written.id,
            _("The text is removed."),
        ),
        question=_("Remove this text?"),
        facts={_("Text"): strangers.line(written.name), _("Undo"): _("none")},
        button=_("Remove the text"),
    )


def _begin(console: Console, actor: Actor, school: School) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            for each in urgent_starters.BEGUN:
                urgent_texts.save(
                    tx, actor, school.id, name=_(each.name), subject=each.subject, body=each.body,
                    now=console.now(),
                )  # fmt: skip
        actionbar.say(_("Three texts are there. A second person agrees to them."))
    st.rerun()


def _edit(console: Console, actor: Actor, school: School, written: UrgentText | None) -> None:
    def fields() -> Callable[[], None]:
        place = written.id if written else "new"
        name = st.text_input(
            _("Name"), written.name if written else "", max_chars=100, key=f"urgent-name-{place}"
        )
        guardians = st.selectbox(
            _("Parents"),
            list(GUARDIANS),
            index=list(GUARDIANS).index(written.guardians if written else ""),
            format_func=lambda each: _(GUARDIANS[each]) if each else _("Without parents"),
            key=f"urgent-parents-{place}",
        )
        st.caption(_("Facts: {fields}").format(fields=_places()))
        subject, body = _languages(written, place)
        return partial(_save, console, actor, school, written, name or "", guardians, subject, body)

    title = _("Change the text") if written else _("New text")
    forms.edit(title, _("Keep the text"), fields)


def _places() -> str:
    return " ".join(f"`{{{{ {name} }}}}`" for name in ("name", *FACTS))


def _languages(
    written: UrgentText | None, place: str
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    subject: dict[str, str] = {}
    body: dict[str, str] = {}
    for tab, each in zip(st.tabs([NAMES[each] for each in LANGUAGES]), LANGUAGES, strict=True):
        with tab:
            subject[each] = st.text_input(
                _("Subject"),
                written.subject.get(each, "") if written else "",
                key=f"urgent-subject-{place}-{each}",
            )
            body[each] = st.text_area(
                _("Text"),
                written.body.get(each, "") if written else "",
                height=160,
                key=f"urgent-body-{place}-{each}",
            )
    return subject, body


def _save(
    console: Console,
    actor: Actor,
    school: School,
    written: UrgentText | None,
    name: str,
    guardians: Guardians,
    subject: Mapping[str, str],
    body: Mapping[str, str],
) -> None:
    with console.db.begin() as tx:
        urgent_texts.save(
            tx, actor, school.id, name=name, subject=subject, body=body, guardians=guardians,
            text_id=written.id if written else None, now=console.now(),
        )  # fmt: skip
    actionbar.say(_("Kept. A second person agrees to it before it can be sent."))
