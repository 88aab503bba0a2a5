"""A call of every function with an actor, over the rows of the cast, one file a package.

What comes first is what the function takes first: a transaction (of the metrics
where it is called mtx), the databases, or the console.
"""

from collections.abc import Callable
from typing import Any

from store.access import Actor
from tests.cast import Cast

Calls = dict[Callable[..., object], Callable[[Any, Actor, Cast], object]]
