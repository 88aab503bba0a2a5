"""Say plainly which of the asked limits a run met, and end it with 1 unless all were."""

import json
import sys
from collections.abc import Mapping
from typing import NoReturn


def end(limits: Mapping[str, bool]) -> NoReturn:
    """Print each limit in words and whether it was met; the process ends here."""
    print(json.dumps({"asked": dict(limits), "met": all(limits.values())}))
    sys.exit(0 if all(limits.values()) else 1)
