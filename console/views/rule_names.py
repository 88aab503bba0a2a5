"""What a rule is called on screens: the lists that Pult begins with in the reader's language."""

from dataclasses import replace

from console.i18n import N_, _
from store.words import Words

STARTERS = frozenset(
    {
        N_("Insults (English)"),
        N_("Insults (Russian)"),
        N_("Insults (Chinese)"),
        N_("Self-harm (English)"),
        N_("Self-harm (Russian)"),
        N_("Self-harm (Chinese)"),
        N_("Abuse (English)"),
        N_("Abuse (Russian)"),
        N_("Abuse (Chinese)"),
        N_("Threats to a child (English)"),
        N_("Threats to a child (Russian)"),
        N_("Threats to a child (Chinese)"),
    }
)


def spoken(rule: str) -> str:
    """A list's name; a school's own stands as it was written."""
    return _(rule) if rule in STARTERS else rule


def in_words(reason: Words) -> Words:
    """The same reason with its list's name in the reader's language."""
    rule = reason.params.get("rule")
    if not isinstance(rule, str):
        return reason
    return replace(reason, params={**reason.params, "rule": spoken(rule)})
