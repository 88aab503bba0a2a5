"""What a file would bring in: every line that cannot come in, by its number and why.

One under another: on a phone a table would cut what is to be done at its edge.
"""

from collections.abc import Sequence

import streamlit as st

from console.desk.importing import Problem
from console.i18n import _, labelled, ngettext, say
from console.widgets import strangers

SHOWN = 200  # bad lines drawn
LONGEST = 500  # letters of one
FEW = 6  # of them stand without scrolling


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
    with st.container(border=True, height=300 if len(found) > FEW else "content"):
        for problem in found[:SHOWN]:
            why = strangers.line(say(problem.what, markdown=False), limit=LONGEST)
            strangers.text(labelled(_("Line {n}").format(n=problem.line), why))
