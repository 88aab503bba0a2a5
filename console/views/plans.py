"""What a file would bring in: every line that cannot come in, by its number and why."""

from collections.abc import Sequence

import streamlit as st

from console.desk.importing import Problem
from console.i18n import _, ngettext, say
from console.widgets import strangers, tables

SHOWN = 200  # bad lines drawn


def problems(found: Sequence[Problem]) -> None:
    count = len({problem.line for problem in found})  # one line may hold two mistakes
    if not count:
        st.markdown(f":green[●] {_('Every line can be read.')}")
        return
    words = ngettext(
        "{n} line cannot come in; correct it, or import the others.",
        "{n} lines cannot come in; correct them, or import the others.",
        count,
    )
    st.markdown(f":orange[◆] {words.format(n=count)}")
    tables.show(
        [
            {"line": problem.line, "why": strangers.line(say(problem.what, markdown=False))}
            for problem in found[:SHOWN]
        ],
        {
            "line": st.column_config.NumberColumn(_("Line"), width=70),
            "why": st.column_config.TextColumn(_("What is wrong, what to do"), width=700),
        },
        alt=_("The lines that cannot come in"),
        shown=8,
    )
