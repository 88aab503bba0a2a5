"""Who depends on whom: a failure is explained by the failure of any target that it stands on."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from probes.model import Target


def ancestors(target: Target, targets: Mapping[str, Target]) -> Iterator[Target]:
    """Those that the target depends on, also by a detour; the nearest first, each once."""
    seen = {target.id}
    waiting = list(target.parent_ids)
    while waiting:
        parent_id = waiting.pop(0)
        parent = targets.get(parent_id)
        if parent is not None and parent_id not in seen:
            seen.add(parent_id)
            waiting.extend(parent.parent_ids)
            yield parent


def bridged(targets: Iterable[Target]) -> Iterator[Target]:
    """Those that are switched on, each depending on the nearest such above it.

    What is switched off explains nothing, but what it stands on explains what stands on it.
    """
    known = {target.id: target for target in targets}
    off = {target.id for target in known.values() if not target.enabled}
    for target in known.values():
        if target.id in off:
            continue
        if off.isdisjoint(target.parent_ids):
            yield target
        else:
            above = dict.fromkeys(_nearest(target, known))
            yield replace(target, parent_ids=tuple(above))


def _nearest(target: Target, known: Mapping[str, Target]) -> Iterator[str]:
    """The parents that are switched on, or are not known; those of the others in their place."""
    seen, waiting = {target.id}, deque(target.parent_ids)
    while waiting:
        parent_id = waiting.popleft()
        parent = known.get(parent_id)
        if parent is None or parent.enabled:
            yield parent_id
        elif parent_id not in seen:
            seen.add(parent_id)
            waiting.extend(parent.parent_ids)


def children(targets: Mapping[str, Target]) -> dict[str, list[str]]:
    """Those that depend on each target without a detour, where there are any."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for target in targets.values():
        for parent_id in target.parent_ids:
            found[parent_id].append(target.id)
    return dict(found)


def descendants(target_id: str, below: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """All that depends on the target, also by a detour, each once; `below` as from `children`."""
    seen = {target_id}
    waiting = [target_id]
    while waiting:
        for each in below.get(waiting.pop(), ()):
            if each not in seen:
                seen.add(each)
                waiting.append(each)
                yield each
