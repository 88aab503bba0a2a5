"""Take lists of watched words away as a table, and bring a table's words in to be tried."""

import streamlit as st

from console.i18n import NAMES, _, ngettext, say
from console.widgets import actionbar
from moderation import lists, rules
from moderation.filters import Rules
from moderation.watching import RulesError

LARGEST = 5  # MB of a table


def draw(built: Rules | None, editor: str) -> None:
    """`editor` is the key of the text area that the rules stand in; nothing is kept yet."""
    with st.expander(_("Lists as a table"), icon=":material/table:", key="rules-table"):
        _take_away(built)
        st.file_uploader(
            _("Bring words in: a CSV table with the columns list, language, word"),
            type=["csv"],
            max_upload_size=LARGEST,
            key="rules-csv",
            on_change=_bring_in,
            args=(editor,),
        )


def _take_away(built: Rules | None) -> None:
    if built is None or not built.lists:
        return
    left, right = st.columns([1, 1], vertical_alignment="bottom")
    spoken = ["", *lists.languages(built)]
    with left:
        language = st.selectbox(
            _("Language"),
            spoken,
            format_func=lambda each: NAMES.get(each, each) if each else _("All"),
            key="rules-language",
        )
    right.download_button(
        _("Take away as CSV"),
        "\ufeff" + lists.table(built, language or ""),
        file_name=f"watched-words{'-' + language if language else ''}.csv",
        mime="text/csv",
        icon=":material/download:",
        key="rules-export",
    )


def _bring_in(editor: str) -> None:
    """Before the page is drawn, so that the editor shows it: to be tried, then put in place."""
    given = st.session_state.get("rules-csv")
    if given is None:
        return
    try:
        brought = lists.read(given.getvalue())
        built = lists.merged(rules.built(st.session_state[editor]), brought)
    except RulesError as error:
        actionbar.say(f":material/error: {say(error)}")
        return
    st.session_state[editor] = lists.toml(built)
    words = sum(len(each.terms) + len(each.benign) for each in brought)
    told = ngettext(
        "{n} word was read; a new list is switched off. Try the rules, then put them in place.",
        "{n} words were read; a new list is switched off. Try the rules, then put them in place.",
        words,
    )
    actionbar.say(f":green[●] {told.format(n=words)}")
