"""Values of which a probe makes dozens: frozen to the type checker, plain slots when it runs.

Freezing while it runs makes each five times as dear, which was an eighth of what a probe costs.
"""

from typing import TYPE_CHECKING

__all__ = ["light"]

if TYPE_CHECKING:
    from dataclasses import dataclass as light
else:
    from dataclasses import dataclass

    def light(*, frozen):
        """`@light(frozen=True)`, in the place of `@dataclass(frozen=True)`."""
        return dataclass(slots=True, unsafe_hash=frozen)
