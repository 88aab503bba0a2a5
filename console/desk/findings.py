"""What an examination of the house finds, part by part."""

from dataclasses import dataclass
from typing import Any, Literal

from store.words import Words


@dataclass(frozen=True)
class Finding:
    """One part of the house. `missing`: functions or permissions, in the platform's words.

    `note`: what is to be known of it though nothing is wrong.
    """

    name: str
    state: Literal["ok", "failing"]
    problem: Words | None = None
    advice: Words | None = None
    missing: tuple[str, ...] = ()
    version: str = ""
    connection_id: str = ""
    note: Words | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "state": self.state,
            "problem": str(self.problem) if self.problem else "",
            "advice": str(self.advice) if self.advice else "",
            "missing": list(self.missing),
            "version": self.version,
            "connection": self.connection_id,
            "note": str(self.note) if self.note else "",
        }
