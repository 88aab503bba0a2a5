"""What a file would bring in: how it is read, and every line that cannot come in, with why.

One under another: on a phone a table would cut what is to be done at its edge.
"""

from collections.abc import Sequence

import streamlit as st

from console.desk import encodings, workbooks
from console.desk.importing import Problem
from console.i18n import _, labelled, ngettext, say
from console.widgets import strangers
from store.schools import School

SHOWN = 200  # bad lines drawn
LONGEST = 500  # letters of one
FEW = 6  # of them stand without scrolling


def encoding(content: bytes, school: School, *, key: str) -> str:
    """How the file's letters are read, to be chosen where the bytes do not tell it; else ''."""
    if workbooks.is_workbook(content) or encodings.certain(content):
        return ""
    possible = encodings.possible(content)
    guessed = encodings.guess(content, school.language)
    if guessed not in possible:
        return ""  # it is no text: `problems` says so
    chosen = st.selectbox(
        _("Read as"),
        possible,
        index=possible.index(guessed),
        format_func=lambda each: _(encodings.ENCODINGS[each]),
        help=_("The file does not say how it was saved. Choose another if names look wrong."),
        key=f"{key}-encoding-{guessed}",
        width=320,
    )
    return chosen or guessed


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
