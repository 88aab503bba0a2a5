"""Say plainly which of the asked limits a run met, and end it with 1 unless all were.

What was not measured is neither met nor failed; a run that measured nothing has met nothing.
"""

import json
import sys
from collections.abc import Mapping
from typing import NoReturn


def end(limits: Mapping[str, bool | None]) -> NoReturn:
    """Print each limit in words and whether it was met (None: not measured); ends the process."""
    told = {name: "not measured" if met is None else met for name, met in limits.items()}
    known = [met for met in limits.values() if met is not None]
    met = bool(known) and all(known)
    print(json.dumps({"asked": told, "met": met}))
    sys.exit(0 if met else 1)
