"""One console runs the children of a data folder: a file lock, which the system gives back."""

import sys
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[str]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def take(path: Path) -> IO[str] | None:
    """The lock, held until it is closed or the process ends; None if another has it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # PostgreSQL makes no data folder
    file = path.open("a", encoding="utf-8")
    try:
        _take(file)
    except OSError:
        file.close()
        return None
    return file
