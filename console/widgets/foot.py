"""The foot of the menu: who is signed in, in which language, the keys, and the way out."""

import streamlit as st

from console import i18n
from console.desk import accounts
from console.i18n import N_, _, escape
from console.web.forms import LANGUAGE_COOKIE
from console.widgets import confirm, keys, pages
from console.wiring import Console
from store.access import Actor
from store.schools import LANGUAGES

LANGUAGE = "pult-language"  # session state: the reader's choice
ROLES = {
    "viewer": N_("Viewer"),
    "moderator": N_("Moderator"),
    "technician": N_("Technician"),
    "coordinator": N_("Coordinator"),
    "admin": N_("Administrator"),
}
KEYS = (
    ("1-9", N_("Open the nth card")),
    ("J, K", N_("Next, back")),
    ("T", N_("Take it")),
    ("O", N_("Open")),
    ("U", N_("Undo")),
    ("Shift+U", N_("Restore what was removed")),
    ("I", N_("Note")),
    ("H", N_("These keys")),
    ("G", N_("Next school")),
    ("P", N_("Hold")),
    ("A, Y", N_("Approve, always approve")),
    ("A, Z", N_("Allow it or ask again; do not allow, or leave it so")),
    ("X, 1-9", N_("Remove, by which rule")),
    ("1-4", N_("The outcome of an appeal")),
    ("D", N_("Reword")),
    ("W, M", N_("Warn, mute")),
    ("S, B", N_("Suspend, block")),
    ("E, L", N_("Hand on, write")),
    ("F, 1-3", N_("A child may need help, and why")),
    ("Z", N_("Close; lift a measure")),
    ("Y, X", N_("On a person's page: an account is theirs, or is not")),
    ("Shift+I", N_("On a person's page: this is me")),
    ("Shift+X", N_("On a person's page: erase texts")),
    ("Shift+D, Shift+V", N_("Take the table away as XLSX, as CSV")),
    ("Esc", N_("Back")),
    ("Ctrl+Enter", N_("Main action")),
)


def language() -> str:
    """The reader's choice, else the browser's."""
    chosen: str | None = st.session_state.get(LANGUAGE)
    return chosen or i18n.best(st.context.locale)


def remember_language(console: Console, actor: Actor) -> None:
    """Read once a session what the account chose, else what was chosen on the way in."""
    if LANGUAGE not in st.session_state:
        with console.db.read() as tx:
            chosen = accounts.language_of(tx, actor)
        entered = st.context.cookies.get(LANGUAGE_COOKIE)
        st.session_state[LANGUAGE] = chosen or (i18n.best(entered) if entered else None)


def draw(console: Console, actor: Actor) -> None:
    with st.popover(escape(actor.name), icon=":material/account_circle:"):
        if actor.role:
            st.caption(_(ROLES[actor.role]))
        st.selectbox(
            _("Language"),
            LANGUAGES,
            index=LANGUAGES.index(language()),
            format_func=i18n.NAMES.__getitem__,
            key="language-choice",
            on_change=_speak,
            args=(console, actor),
        )
        pages.served("/logout", _("Sign out"))
    if st.button(
        _("Keys"),
        key="keys",
        type="tertiary",
        icon=":material/keyboard:",
        shortcut=keys.shown("H"),
        on_click=confirm.opening,
    ):
        _keys()


def _keys() -> None:
    st.dialog(_("Keys"), icon=":material/keyboard:", on_dismiss=confirm.closed)(_key_list)()


def _key_list() -> None:
    st.caption(_("One meaning everywhere; each button shows its key."))
    for key, meaning in KEYS:
        left, right = st.columns([1, 3], wrap=False)
        left.markdown(f"`{key}`")
        right.markdown(_(meaning))


def _speak(console: Console, actor: Actor) -> None:
    chosen = st.session_state["language-choice"]
    st.session_state[LANGUAGE] = chosen
    with console.db.begin() as tx:
        accounts.set_language(tx, actor, chosen)
