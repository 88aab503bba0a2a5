"""What processes that are not ours have spent: the database's server, the relay."""

from pathlib import Path

from store.db import Database, text


def server(database: Database) -> int | None:
    """The process that PostgreSQL's others come from, on this machine; SQLite has none."""
    if database.dialect == "sqlite":
        return None
    with database.read() as tx:
        return _parent(tx.execute(text("SELECT pg_backend_pid()")).scalar_one())


def under(pid: int) -> float:
    """Seconds of CPU of a process and of all that it has begun and that still run."""
    return own(pid) + sum(own(child) for child in _children(pid))


def own(pid: int) -> float:
    """Seconds of CPU of one process with one thread, as the scheduler counts them."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:  # it has ended meanwhile
        return 0.0


def _children(pid: int) -> list[int]:
    every = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    return [each for each in every if _parent(each) == pid]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
