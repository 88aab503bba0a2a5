"""Whether a lesson fits its room: three words with shape and colour, and the chance to fill."""

from typing import Any

from console.desk import fit
from console.desk.fit import Fit, Word
from console.i18n import _
from console.widgets import status
from console.widgets.status import Colour

WIDTH = 128  # pixels: the longest label is Russian
LOOKS: dict[Word, tuple[str, Colour]] = {
    "wont_fit": ("▲", "red"),
    "tight": ("◆", "orange"),
    "fits": ("●", "green"),
}


def label(word: Word) -> str:
    return f"{LOOKS[word][0]} {_(fit.WORDS[word])}"


def column() -> Any:
    """The table's column for cells of one label."""
    return status.pills(
        ((label(word), colour) for word, (_shape, colour) in LOOKS.items()), _("Room"), width=WIDTH
    )


def chance(found: Fit | None) -> int | None:
    """Whole percents, told only where it is worth a look."""
    if found is None or found.chance is None or found.chance < fit.WORTH_SAYING:
        return None
    return round(found.chance * 100)
