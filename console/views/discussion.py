"""The discussion around a comment, folded away until somebody wants to read it."""

from collections.abc import Sequence

import streamlit as st

from console.i18n import moment, ngettext
from console.widgets import strangers
from console.wiring import Console
from moderation.model import Stored
from store.schools import School


def draw(
    console: Console,
    school: School,
    comment: Stored,
    thread: Sequence[Stored],
    *,
    key: str,
    around: int | None = None,
) -> None:
    """Nothing where the comment stands alone. `around`: so many posts near it, else all."""
    if len(thread) < 2:
        return
    title = ngettext("The discussion: {n} post", "The discussion: {n} posts", len(thread))
    with st.expander(title.format(n=len(thread)), key=key):
        for post in thread if around is None else _near(comment, thread, around):
            here = " :red[▲]" if post.id == comment.id else ""
            when = moment(post.written_at, school.zone, now=console.now())
            st.caption(f"**{strangers.name(post.author_name)}** · {when}{here}")
            strangers.text(post.text)


def _near(comment: Stored, thread: Sequence[Stored], around: int) -> list[Stored]:
    """What it answers, wherever that stands, and what was written just before and after."""
    place = next((n for n, post in enumerate(thread) if post.id == comment.id), len(thread))
    first = max(0, place - around // 2)
    answered = [post for post in thread[:first] if post.external_id == comment.parent_id]
    return [*answered, *thread[first : place + around // 2 + 1]]
