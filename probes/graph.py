"""Who depends on whom: a failure is explained by the failure of any target that it stands on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

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
