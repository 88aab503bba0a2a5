"""Why a comment is removed, and how decisions are called."""

from dataclasses import dataclass

from console.i18n import N_, _, language
from console.widgets.status import Colour
from moderation.house import STARTER, Rule

REASONS = tuple(rule.name for rule in STARTER.rules)


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


def spoken(rule: Rule) -> str:
    """A rule of the house in the reader's language: the school's own words, else ours."""
    return rule.said.get(language()) or _(rule.name)


def shown(reason: str) -> str:
    """A reason as kept, in the reader's language where it is one of ours."""
    return _(reason) if reason in REASONS else reason
