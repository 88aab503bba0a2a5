"""Name who holds a lease, so that another process of the same machine can tell that it is dead.

On Linux a process is known by the boot, its process namespace, its id and the clock
tick it began at (proc(5)): an id that is used again is another process. Elsewhere, and
on other machines, nobody is called dead: their leases run out by themselves.
"""

from pathlib import Path

from store.db import new_id

PROC = Path("/proc")
GONE = ("Z", "X")  # a zombie runs no more, whoever has not asked for it yet
PLACE = 2  # parts of a name that say where: the boot and the namespace


def mine() -> str:
    """A new name for something that this process does."""
    return "/".join([*_place(), *_process("self"), new_id()])


def dead(owner: str) -> bool:
    """Whether whoever is named so has certainly ended."""
    parts = owner.split("/")
    place = _place()
    if not place or len(parts) != len(place) + 3 or parts[:PLACE] != place:
        return False
    return _process(parts[PLACE]) != parts[PLACE:-1]


def _place() -> list[str]:
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return [boot, (PROC / "self/ns/pid").readlink().name]
    except OSError:
        return []


def _process(pid: str) -> list[str]:
    """The process's id and its beginning in clock ticks; [] when it has ended."""
    try:
        stat = (PROC / pid / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    number, _, rest = stat.partition(" ")
    state, *fields = rest.rpartition(")")[2].split()
    return [] if state in GONE else [number, fields[18]]
