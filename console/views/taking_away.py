"""A table to take away from its screen: a workbook and a CSV, made when they are asked for."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from console.desk import exporting, figure_sheets
from console.desk.figure_sheets import Row
from console.i18n import language, speaking
from console.widgets.keys import shown
from console.wiring import Console
from store.access import Actor
from store.schools import School

KEYS = {"xlsx": "Shift+D", "csv": "Shift+V"}


def buttons(
    name: str, title: str, read: Callable[[], list[Row]], *, key: str, keys: bool = True
) -> None:
    """Two buttons beside each other. `name` is the files', `title` the sheet's.

    `keys`: they are the screen's first, which have the keys.
    """
    with st.container(horizontal=True):
        for ending, mime, made in (
            ("xlsx", figure_sheets.XLSX, partial(figure_sheets.workbook, title=title)),
            ("csv", "text/csv", figure_sheets.csv_file),
        ):
            st.download_button(
                ending.upper(),
                data=partial(_made, read, made, language()),
                file_name=f"{name}.{ending}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"{key}-{ending}",
                shortcut=shown(KEYS[ending] if keys else None),
            )


def lists(
    console: Console,
    actor: Actor,
    school: School,
    name: str,
    title: str,
    *,
    keys: bool = True,
    **spoken: Callable[[str], str],
) -> None:
    """The buttons of one of `exporting.EXPORTS`; `spoken` says what a column's codes mean."""

    def read() -> list[Row]:
        with console.db.read() as tx:
            return list(exporting.table(name, tx, actor, school, spoken=spoken))

    day = f"{console.now().astimezone(school.zone):%Y-%m-%d}"
    buttons(f"{name}_{day}", title, read, key=f"away-{name}", keys=keys)


def _made(read: Callable[[], list[Row]], made: Callable[[list[Row]], bytes], spoken: str) -> bytes:
    with speaking(spoken):  # it is made outside the screen's run
        return made(read())
