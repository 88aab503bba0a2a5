"""Whether what was noted stands as it was noted, is all there, and is sealed in good time."""

from datetime import datetime, timedelta
from pathlib import Path

from console.desk.findings import Finding
from store import anchor, chain, restores
from store.anchor import Known
from store.chain import Held, Open
from store.db import Connection, Database
from store.vault import Vault
from store.words import N_, Words

SEALED_WITHIN = timedelta(minutes=5)  # a worker seals every ten seconds
SHOWN = 16  # of a seal's 64 letters
BROKEN = N_("The audit does not hold together from entry {place} on.")
CHANGED = N_(
    "Somebody changed it in the database, or the vault's key is not the one it was "
    "sealed with. Compare it with your last good backup."
)
CUT = N_("The audit ends at entry {place}, but entry {last} was sealed at {time}: its end is gone.")
OTHER = N_("Entry {last} of the audit is not the one that was sealed at {time}.")
CUT_ADVICE = N_(
    "Somebody cut it in the database, or put an older copy in its place without "
    "python -m console restore. Compare it with your last good backup. If the copy was yours, "
    "say so: python -m console doctor --accept-audit."
)
UNREAD = N_("How far the audit must reach is not known: {path} cannot be read.")
UNREAD_ADVICE = N_("Let Pult read the file, or name another one: audit_anchor in the settings.")
UNSEALED = N_("Entries of the audit that nobody has sealed: {n}, the oldest of {time}.")
UNSEALED_ADVICE = N_(
    "Until then nobody would see that one is changed. Start the worker: python -m console worker."
)
WHOLE = N_("ok, whole up to entry {place}, sealed {seal}")
ALONE = N_(
    "ok, holds together up to entry {place}, sealed {seal}; not compared: {path} is not there"
)
RESTORED = N_(
    "ok, whole up to entry {place}, sealed {seal}. At {time} a backup of {made} was restored: what "
    "was noted in between, up to entry {before}, went with the databases that it replaced."
)
ACCEPTED = N_(
    "ok, whole up to entry {place}, sealed {seal}. At {time} somebody took the audit as it stood, "
    "up to entry {turned}, for the true one."
)


def look(db: Database, vault: Vault, path: Path | None, *, now: datetime) -> Finding:
    """The first that is wrong: a changed entry, an end that is gone, entries without a seal.

    `path` is the file that `store.anchor` writes; None: there is nothing to compare with.
    """
    try:
        with db.read() as tx:
            key = vault.derive(restores.PURPOSE)
            known = anchor.followed(tx, path, key) if path else None
    except OSError:
        return _failing(Words(UNREAD, {"path": str(path)}), UNREAD_ADVICE)
    with db.read() as tx:  # after the file: what is sealed meanwhile is no loss
        held = chain.verify(tx, vault.derive(chain.PURPOSE))
        lacking = _lacking(tx, held, known)
        head = chain.head(tx)
        late = chain.unsealed(tx, before=now - SEALED_WITHIN)
    if lacking is not None:
        return lacking
    if late is not None:
        return _failing(_unsealed(late), UNSEALED_ADVICE)
    if head is None:
        return Finding("audit", "ok")
    return Finding("audit", "ok", note=_note(head, known, path))


def accept(db: Database, path: Path, *, now: datetime) -> None:
    """Take the audit as it stands for the true one, on a person's word. Raises OSError."""
    with db.read() as tx:
        anchor.turn(tx, path, "accepted", now=now)


def _lacking(tx: Connection, held: Held, known: Known | None) -> Finding | None:
    if held.broken is not None:
        return _failing(Words(BROKEN, {"place": held.broken}), CHANGED)
    if known is None or anchor.stands(tx, known.last):
        return None
    told: dict[str, str | int] = {
        "place": held.entries,
        "last": known.last.place,
        "time": _at(known.last.at),
    }
    cut = held.entries < known.last.place
    return _failing(Words(CUT if cut else OTHER, told), CUT_ADVICE)


def _unsealed(late: Open) -> Words:
    return Words(UNSEALED, {"n": late.entries, "time": _at(late.oldest)})


def _note(head: chain.Head, known: Known | None, path: Path | None) -> Words:
    said: dict[str, str | int] = {"place": head.place, "seal": head.seal[:SHOWN]}
    if known is None:
        return Words(ALONE, said | {"path": str(path)}) if path else Words(WHOLE, said)
    turned = known.turned
    if turned is None:
        return Words(WHOLE, said)
    said |= {"time": _at(turned.at), "turned": turned.place}
    if turned.how != "restored" or turned.made_at is None:
        return Words(ACCEPTED, said)
    before = known.before or turned
    return Words(RESTORED, said | {"made": _at(turned.made_at), "before": before.place})


def _failing(problem: Words, advice: str) -> Finding:
    return Finding("audit", "failing", problem, Words(advice))


def _at(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"
