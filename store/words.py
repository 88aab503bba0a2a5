"""Sentences for people, kept apart from their values so that a screen can translate them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii as quoted

Value = str | int | float


def N_(template: str) -> str:
    return template


@dataclass(frozen=True)
class Words:
    """An English template with `{named}` places, and what stands in them.

    `str()` is the English sentence; screens translate the template, then fill it.
    """

    template: str
    params: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.params)

    def to_json(self) -> str:
        # Escaped: a stranger's half of a surrogate pair is no UTF-8, and no database takes it.
        values = self.params.items()
        if all(type(value) is str for _, value in values):  # as json.dumps, for thousands a second
            said = ", ".join(f"{quoted(name)}: {quoted(str(value))}" for name, value in values)
            return f"[{quoted(self.template)}, {{{said}}}]"
        return json.dumps([self.template, dict(self.params)])

    @classmethod
    def from_json(cls, stored: str) -> "Words":
        template, params = json.loads(stored)
        return cls(template, params)


class Refusal(Exception):
    """What was asked cannot be done: said to people, so kept as a template and its values.

    `permanent`: asking again will not help until somebody changes something.
    """

    permanent = True

    def __init__(self, template: str, **params: Value) -> None:
        self.template = template
        self.params: Mapping[str, Value] = params
        super().__init__(str(self.words))

    @property
    def words(self) -> Words:
        return Words(self.template, self.params)
