"""What CSV files of strangers have in common, whoever reads them."""

from collections.abc import Iterable

from store.words import N_

DELIMITERS = ",;\t"
SWALLOWED = N_(
    "A quotation mark takes in all lines from here to line {last}. Delete it, or close it in its "
    "cell."
)


def swallowed(cells: Iterable[str | None]) -> bool:
    """Whether a stray quotation mark made one cell of several lines with their delimiters."""
    return any("\n" in cell and any(mark in cell for mark in DELIMITERS) for cell in cells if cell)
