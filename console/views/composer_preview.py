"""The mail as one person gets it: on a phone, on a desk, as text, light and dark.

The mail stands in a sandbox without scripts, forms or the console's origin, and under a policy
that loads nothing from outside: what an author or a field puts in can only be looked at.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice

import streamlit as st

from console.i18n import N_, _, say
from console.views import composer_enclosed
from console.widgets import strangers
from console.wiring import Console
from mailing import campaigns, frame
from mailing.model import Campaign, MailingError
from mailing.segments import Audience
from mailing.templates import Rendered
from store.access import Actor
from store.roster import Person

PHONE, DESK = 390, 680  # pixels of width
HEIGHT = 560  # pixels
SHOWN = 200  # people to choose from; a search finds all others
VIEWS = {"phone": N_("Phone"), "desktop": N_("Desktop"), "text": N_("Plain text")}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def draw(console: Console, actor: Actor, campaign: Campaign, meant: Audience) -> None:
    if not meant.people:
        st.caption(_("Choose who gets it, and see it as they do."))
        return
    person = _person(campaign, meant)
    if person is None:
        st.caption(_("Nobody who is found so gets it."))
        return
    try:
        with console.db.read() as tx:
            rendered = campaigns.preview(
                tx, actor, campaign.id, person.id, archive="#" if console.origin.reachable else ""
            )
    except MailingError as error:
        st.error(say(error), icon=":material/error:")
        return
    show(rendered)
    enclosed = composer_enclosed.known(console, actor, campaign)
    names = [each.name for each in enclosed.files] + ["invite.ics"] * bool(enclosed.invitation)
    if names:
        st.caption(f":material/attach_file: {strangers.name(', '.join(names))}")


def show(rendered: Rendered) -> None:
    """The mail with a choice of how it is looked at."""
    with st.container(horizontal=True, vertical_alignment="center"):
        current = st.session_state.get("preview-view", "phone")
        view = st.segmented_control(
            _("View"),
            list(VIEWS),
            default="phone",
            required=True,
            format_func=lambda each: label(_(VIEWS[each]), on=each == current),
            label_visibility="collapsed",
            key="preview-view",
        )
        dark = st.toggle(_("Dark"), key="preview-dark")
    _show(rendered, view or "phone", dark=dark)


def boxed(html: str, *, width: int, dark: bool) -> str:
    """The mail in a frame of its own inside the page that Streamlit frames.

    Streamlit's own frame shares the console's origin; the inner one, sandboxed without a single
    permission, does not.
    """
    seen = frame.dark(html) if dark else html.replace(frame.DARK_QUERY, "@media not all")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    mail = seen.replace("<head>", f"<head>{policy}", 1)
    ground = "#0f151b" if dark else "#eef1f5"
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8">{policy}</head>'
        f'<body style="margin:0;background:{ground};text-align:center">'
        f'<iframe sandbox="" title="{escape(_("The mail"))}" srcdoc="{escape(mail)}" '
        f'style="border:0;width:{width}px;max-width:100%;height:{HEIGHT - 8}px"></iframe>'
        "</body></html>"
    )


def label(words: str, *, on: bool) -> str:
    """In the dark no blue serves both under white and on the ground: the chosen label wears it."""
    return f":blue[{words}]" if on else words


def _show(rendered: Rendered, view: str, *, dark: bool) -> None:
    st.caption(f"**{strangers.name(rendered.subject)}**")
    if view == "text":
        with st.container(border=True, height=HEIGHT):
            strangers.text(rendered.text)
        return
    width = PHONE if view == "phone" else DESK
    st.iframe(
        boxed(rendered.html, width=width, dark=dark),
        height=HEIGHT,
        alt=_("The mail as they see it"),
    )


def _person(campaign: Campaign, meant: Audience) -> Person | None:
    """Anybody of the whole audience; unasked, the first one whom the text lacks a field of."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(_("Find a reader"), key=f"preview-search-{campaign.id}", width=180)
        search = (typed or "").strip()
        by_id = {each.id: each for each in islice(_named(meant.people, search), SHOWN)}
        if not by_id:
            return None
        lacking = (id_ for id_, each in by_id.items() if not search and _lacks(campaign, each))
        first = next(lacking, next(iter(by_id)))
        chosen = st.selectbox(
            _("Show as"),
            list(by_id),
            index=list(by_id).index(first),
            format_func=lambda id_: strangers.line(
                f"{by_id[id_].name}, {by_id[id_].group or by_id[id_].email}"
            ),
            key=f"preview-{campaign.id}-{search}",  # others are offered: none of them is chosen
            width=300,
        )
    return by_id.get(chosen or first, by_id[first])


def _named(people: Sequence[Person], search: str) -> Iterator[Person]:
    """Whose name or address holds the words; all of them where none were typed."""
    wanted = search.casefold()
    return (
        each for each in people if wanted in each.name.casefold() or wanted in each.email.casefold()
    )


def _lacks(campaign: Campaign, person: Person) -> bool:
    """Whether a field that the text asks for is empty for this person."""
    said = " ".join((*campaign.subject.values(), *campaign.body.values()))
    values = {"group": person.group, "level": person.level, **person.fields}
    return any("{{" in said and f" {name} " in said and not value for name, value in values.items())
