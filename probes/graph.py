"""Who depends on whom: a failure is explained by the failure of any target that it stands on."""

from collections.abc import Iterator, Mapping

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
