"""The sidebar of our own: the school first, then the screens in groups, each with what waits."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby

import streamlit as st

from console.i18n import _, escape
from console.widgets import confirm, live, screen
from store.schools import School

# Seconds between two counts; no multiple of live.EVERY, or the two would meet again and again:
# Streamlit loses the end of a run when the next part is asked for in that very moment.
COUNTED = 5.3
SCHOOL = "pult-school"  # session state: the id of the school on the screen
SWITCH = "school-switch"  # the widget that chooses it


@dataclass(frozen=True)
class Link:
    slug: str
    page: st.Page
    title: str
    icon: str
    group: str


def chosen(scope: Sequence[School]) -> School:
    """The school on the screen; the first in scope unless another was chosen and still is."""
    by_id = {school.id: school for school in scope}
    return by_id.get(st.session_state.get(SCHOOL, ""), scope[0])


def place(*, phone: bool, page: str) -> AbstractContextManager[object]:
    """Where the menu stands. On a phone a sidebar stays open over the page, a popover closes.

    Its key changes with the page, which is what closes it.
    """
    if phone:
        return st.popover(_("Menu"), icon=":material/menu:", key=f"menu-{page}")
    return st.sidebar


def draw(
    scope: Sequence[School],
    school: School,
    links: Sequence[Link],
    waiting: Callable[[], Mapping[str, int]],
) -> None:
    """`waiting` tells, by slug, how many things wait; it is asked again every few seconds."""
    _switcher(scope, school)
    live.part(lambda: _links(links, waiting()), every=COUNTED)


def _links(links: Sequence[Link], waiting: Mapping[str, int]) -> None:
    for group, members in groupby(links, lambda link: link.group):
        with st.container(gap="xxsmall"):
            st.caption(group)
            for link in members:
                count = waiting.get(link.slug, 0)
                st.page_link(
                    link.page,
                    label=f"{link.title} :red[**{count}**]" if count else link.title,
                    icon=f":material/{link.icon}:",
                    width="stretch",
                )


def _switcher(scope: Sequence[School], school: School) -> None:
    names = {each.id: each.name for each in scope}
    ids = list(names)
    st.session_state[SWITCH] = school.id
    st.selectbox(
        _("School"),
        ids,
        format_func=names.__getitem__,
        label_visibility="collapsed",
        key=SWITCH,
        on_change=_switched,
    )
    if len(ids) > 1 and not confirm.is_open():
        following = ids[(ids.index(school.id) + 1) % len(ids)]
        st.button(
            _("Next school: {name}").format(name=escape(names[following])),
            key="school-next",
            type="tertiary",
            shortcut=screen.key("G"),
            on_click=_to,
            args=(following,),
        )


def _switched() -> None:
    _to(st.session_state[SWITCH])


def _to(school_id: str) -> None:
    """Change the school; the screens that show one thing of the old school lose it."""
    st.session_state[SCHOOL] = school_id
    st.query_params.clear()
