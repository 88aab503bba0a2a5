"""Which calls a decision on several comments comes to, platform by platform, before it is made."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from moderation import hiding, impartial, planning, welfare
from moderation.model import ActionKind, Case, Verdict
from platforms import PLATFORMS
from platforms.base import PlatformError
from platforms.capabilities import Moderated
from store import access
from store.access import Actor
from store.db import Connection, text
from store.words import N_, Words

RESTORED = N_("put back as it stood before a rule hid it")
NO_CALL = N_("nothing changes there")
BACK = N_("Undo puts each back exactly.")
SECOND = N_("{platform} cannot take it back: each waits for a second person.")
LEFT_OUT = N_("Left out: {platform} cannot do this. Do it there by hand.")
ALARMED = N_("Left out: it may be a cry for help. The safeguarding lead answers the alarm first.")
OWN = N_("Left out: you wrote it yourself. Somebody else decides it.")
GONE = N_("Left out: this connection is gone, or cannot be opened.")


@dataclass(frozen=True)
class Calls:
    """What happens on one connection: `by` says how, `why` what else is to be known.

    `kind` is None where nothing is called. `left_out`: these cases stay undecided.
    """

    connection: str  # its name
    case_ids: tuple[str, ...]
    kind: ActionKind | None
    by: Words | None
    why: Words | None
    undoable: bool = True
    left_out: bool = False


def of(
    tx: Connection, actor: Actor, school_id: str, cases: Sequence[Case], verdict: Verdict
) -> list[Calls]:
    """For removing, or approving, each of these; an approval calls only where a rule has hidden."""
    access.require(actor, "moderate", school_id)
    rows = tx.execute(
        text("SELECT * FROM connection WHERE school_id = :school"), {"school": school_id}
    )
    known = {row.id: row for row in rows}
    groups: dict[tuple[str, bool, str], list[str]] = defaultdict(list)
    for case in cases:
        hidden = hiding.in_effect(tx, actor, case.comment) is not None
        barred = _barred(tx, actor, case, verdict)
        groups[case.comment.connection_id, hidden, barred].append(case.id)
    return [
        _without(known.get(connection_id), ids, barred)
        if barred
        else _calls(known.get(connection_id), ids, verdict, hidden=hidden)
        for (connection_id, hidden, barred), ids in groups.items()
    ]


def left_out(found: Iterable[Calls]) -> set[str]:
    return {id_ for calls in found if calls.left_out for id_ in calls.case_ids}


def _barred(tx: Connection, actor: Actor, case: Case, verdict: Verdict) -> str:
    """Why this actor cannot decide it so at all; '' where they can."""
    if impartial.of_comment(tx, actor, case.comment) is not None:
        return OWN
    cries = verdict == "remove" and "self-harm" in welfare.of_comment(tx, actor, case.comment)
    return ALARMED if cries else ""


def _without(row: Row[Any] | None, ids: list[str], why: str) -> Calls:
    name = row.name if row else ""
    return Calls(name, tuple(ids), None, None, Words(why), left_out=True)


def _calls(row: Row[Any] | None, ids: list[str], verdict: Verdict, *, hidden: bool) -> Calls:
    chosen = tuple(ids)
    if verdict == "approve":
        how = Words(RESTORED if hidden else NO_CALL)
        return Calls(
            row.name if row else "", chosen, "restore comment" if hidden else None, how, None
        )
    if row is None:
        return Calls("", chosen, None, None, Words(GONE), left_out=True)
    named = {"platform": PLATFORMS[row.platform].name}
    kind, why, undoable = planning.able(row, "remove comment", named)
    if kind is None:
        return Calls(row.name, chosen, None, None, Words(LEFT_OUT, named), left_out=True)
    told = Words(BACK) if why is None else Words(SECOND, named)
    return Calls(row.name, chosen, kind, _by(row), told, undoable)


def _by(row: Row[Any]) -> Words | None:
    """What readers see after the platform's gentlest removal."""
    try:
        adapter = planning.adapter(row)
    except PlatformError:
        return None
    return Words(adapter.removes) if isinstance(adapter, Moderated) else None
