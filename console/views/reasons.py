"""Why a comment is removed, and how decisions are called."""

from dataclasses import dataclass

from console.i18n import N_
from console.widgets.status import Colour


@dataclass(frozen=True)
class Look:
    text: str  # a msgid with its shape
    colour: Colour


DECISIONS: dict[str, Look] = {
    "approve": Look(N_("✓ Approved"), "green"),
    "remove": Look(N_("✕ Removed"), "red"),
    "edit": Look(N_("✎ Reworded"), "orange"),
    "restore": Look(N_("↶ Restored"), "blue"),
    "hand on": Look(N_("↑ Handed on"), "violet"),
}
