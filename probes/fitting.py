"""Whether a target fits its prober: an address that it can read, conditions that it knows."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from math import isfinite
from urllib.parse import urlsplit

from probes import rows
from probes.model import Module, NamedModule, Target, TargetError
from probes.probers import PROBERS
from probes.probers.conditions import SERVER_NAME, VERIFY, flag
from probes.probers.settable import COMMON_CONDITIONS, IN_LESSONS, Condition
from store.db import Connection, text
from store.words import N_, Words

SHORTEST, LONGEST_INTERVAL = timedelta(seconds=1), timedelta(days=1)
LONGEST = 4_000  # letters of one condition
UNKEPT = re.compile("[\0\ud800-\udfff]")
MISFITS = {
    bool: N_("{name} must be true or false."),
    int: N_("{name} must be a whole number."),
    float: N_("{name} must be a number."),
    str: N_("{name} must be text in quotes."),
}


def conditions_of(prober: str) -> dict[str, Condition]:
    """All that a module of this prober may set, by name: its own, then those of all probers."""
    own = {each.name: each for each in PROBERS[prober].conditions}
    return own | {each.name: each for each in COMMON_CONDITIONS if each.name not in own}


def merged(target: Target, module: NamedModule | None) -> Target:
    """The target with its module's conditions, which its own go before."""
    if module is None:
        return target
    return replace(
        target,
        module={**module.conditions, **target.module},
        sealed={**module.sealed, **target.sealed},
    )


def require_conditions(prober: str, conditions: Module, sealed: Iterable[str]) -> None:
    """Raise TargetError for a prober or a condition that is not known, or of another type."""
    if prober not in PROBERS:
        raise TargetError(
            N_("There is no probe named {prober}. Use one of {known}."),
            {"prober": prober, "known": ", ".join(PROBERS)},
        )
    known = conditions_of(prober)
    for name, value in conditions.items():
        condition = _known(prober, known, name)
        if condition.secret:
            raise TargetError(
                N_("{name} is a secret: enter it in the console, where it is sealed."),
                {"name": name},
            )
        problem = _misfit(condition, value)
        if problem:
            raise TargetError(problem.template, problem.params)
    for name in sealed:
        if not _known(prober, known, name).secret:
            raise TargetError(N_("{name} is no secret: write it as a condition."), {"name": name})


def require_sense(prober: str, conditions: Module) -> None:
    """Raise TargetError for what a module asks and no target could answer."""
    problem = PROBERS[prober].nonsense(Target("", "", "", prober, "", conditions))
    if problem is not None:
        raise TargetError(problem.template, problem.params)


def require_written(*texts: str) -> None:
    """Raise TargetError for what is no letter, which not every database keeps."""
    if any(UNKEPT.search(each) for each in texts):
        raise TargetError(
            N_("There is something in it that is no letter; write it anew, without pasting.")
        )


def require(tx: Connection, target: Target) -> None:
    """Raise TargetError, with what to change, unless the target can be kept so."""
    if not target.name:
        raise TargetError(N_("The target needs a name."))
    require_written(target.name, target.address, target.runbook)
    require_conditions(target.prober, target.module, target.sealed)
    if target.interval < SHORTEST:
        raise TargetError(N_("Probe at most once a second."))
    if target.interval > LONGEST_INTERVAL:
        raise TargetError(N_("Probe at least once a day."))
    module = _module(tx, target)
    if module is not None and module.prober != target.prober:
        raise TargetError(
            N_("The module {name} is for the probe {prober}."),
            {"name": module.name, "prober": module.prober},
        )
    whole = merged(target, module)
    require_address(whole)
    if flag(whole, IN_LESSONS) and target.room_id is None:
        raise TargetError(N_("Choose the classroom whose lessons it follows."))
    _require_rows(tx, target)


def require_address(target: Target) -> None:
    """Raise TargetError when the prober cannot look at the target, its module's words included."""
    problem = PROBERS[target.prober].refuse(target)
    if problem is not None:
        raise TargetError(problem.template, problem.params)


def strays(before: Target, after: Target) -> bool:
    """Whether secrets entered for the one would go elsewhere, or less safely, with the other.

    Both with their modules' conditions.
    """
    return _place(before.address) != _place(after.address) or slackens(before.module, after.module)


def slackens(before: Module, after: Module) -> bool:
    """Whether the server's certificate is no longer looked at, or may be for another name."""
    names = [str(each.get(SERVER_NAME.name, "")).strip().lower() for each in (before, after)]
    looked_at = [bool(each.get(VERIFY.name, True)) for each in (before, after)]
    return names[0] != names[1] or looked_at == [True, False]


def require_anew(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Raise TargetError for the secrets that were entered before and are still to be used."""
    kept = [name for name, seal in after.items() if seal and seal in before.values()]
    if kept:
        raise TargetError(
            N_("This would send {names} elsewhere, or less safely: enter {names} anew as well."),
            {"names": ", ".join(kept)},
        )


def _place(address: str) -> tuple[str, str]:
    """How a server is spoken to, and which one."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    return parts.scheme, parts.netloc.lower()


def _known(prober: str, known: Mapping[str, Condition], name: str) -> Condition:
    if name in known:
        return known[name]
    raise TargetError(
        N_("The probe {prober} has no condition {name}. It has: {known}."),
        {"prober": prober, "name": name, "known": ", ".join(known)},
    )


def _misfit(condition: Condition, value: object) -> Words | None:
    """Why the value is not of the condition's type; None when it is."""
    kind = type(condition.default)
    fits = isinstance(value, (int, float) if kind is float else kind)
    if kind is not bool and isinstance(value, bool):
        fits = False
    if isinstance(value, float) and not isfinite(value):
        fits = False
    if isinstance(value, str) and len(value) > LONGEST:
        words = N_("{name} is longer than {n} letters.")
        return Words(words, {"name": condition.name, "n": LONGEST})
    if not fits:
        return Words(MISFITS[kind], {"name": condition.name})
    return _out_of_bounds(condition, value)


def _out_of_bounds(condition: Condition, value: object) -> Words | None:
    if not isinstance(value, (int, float)):
        return None
    name = condition.name
    if value < condition.least:
        return Words(N_("{name} must be {n} at least."), {"name": name, "n": condition.least})
    if value > condition.most:
        return Words(N_("{name} must be {n} at most."), {"name": name, "n": condition.most})
    return None


def _module(tx: Connection, target: Target) -> NamedModule | None:
    if target.module_id is None:
        return None
    found = rows.modules(tx, target.school_id).get(target.module_id)
    if found is None:
        raise TargetError(N_("The target names something that this school does not have."))
    return found


def _require_rows(tx: Connection, target: Target) -> None:
    taken = tx.execute(
        text("SELECT id FROM target WHERE school_id = :school AND name = :name AND id <> :id"),
        {"school": target.school_id, "name": target.name, "id": target.id},
    ).first()
    if taken:
        raise TargetError(
            N_("A target named {name} is there already; choose another name."),
            {"name": target.name},
        )
    for table, row_id in (
        *(("target", parent_id) for parent_id in target.parent_ids),
        ("connection", target.connection_id),
        ("room", target.room_id),
    ):
        if row_id is not None and not _ours(tx, table, row_id, target.school_id):
            raise TargetError(N_("The target names something that this school does not have."))
    if any(
        parent_id == target.id or rows.depends(tx, target.id, parent_id)
        for parent_id in target.parent_ids
    ):
        raise TargetError(N_("A target cannot depend on itself, not even by a detour."))


def _ours(tx: Connection, table: str, row_id: str, school_id: str) -> bool:
    row = tx.execute(
        text(f"SELECT 1 FROM {table} WHERE id = :id AND school_id = :school"),
        {"id": row_id, "school": school_id},
    ).first()
    return row is not None
