"""Open and close alerts by how targets stand, one outage one alert.

It compares stored results with open alerts and writes the difference, so a
prober that dies between the two databases does at the next start what is missing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from probes.graph import ancestors
from probes.judge import Standing
from probes.model import Result, State, Target
from probes.results import STALE
from store.db import Connection, Database, new_id, text

SUSPECT_LASTS = timedelta(seconds=60)  # a state of suspicion that alerts

Step = Literal["open", "keep", "close"]


@dataclass(frozen=True)
class Open:
    """What is known of an open alert."""

    id: str
    state: str
    why: str | None


@dataclass(frozen=True)
class Scene:
    """All that alerting looks at: the targets, how they stand, and which are silenced."""

    targets: Mapping[str, Target]
    results: Mapping[str, Result]
    standings: Mapping[str, Standing]
    silenced: Collection[str]
    now: datetime


def follow(db: Database, scene: Scene) -> None:
    """Bring the alert rows of the scene's targets into line with their results."""
    with db.read() as tx:
        opened = _open(tx)
    steps = [
        (target, step)
        for target in scene.targets.values()
        if (step := step_for(target, scene)) != "keep" or target.id in opened
    ]
    changes = [*_changes(steps, scene, opened), *_orphans(scene, opened)]
    if changes:
        with db.begin() as tx:
            for statement, values in changes:
                tx.execute(text(statement), values)


def step_for(target: Target, scene: Scene) -> Step:
    """Whether the target should have an open alert; "keep" when that is not known."""
    result = scene.results.get(target.id)
    if result is None or not _fresh(target, result, scene.now):
        return "keep"
    if result.state in (State.OK, State.MAINTENANCE):
        return "close"
    if not _alerts(result, scene.now):
        return "keep"
    behind = _behind(target, result, scene)
    if behind != "open":
        return behind
    return "keep" if target.id in scene.silenced else "open"


def _alerts(result: Result, now: datetime) -> bool:
    if result.state is State.SUSPECT and result.since is not None:
        return now - result.since >= SUSPECT_LASTS
    return result.state is State.DOWN


def _behind(target: Target, result: Result, scene: Scene) -> Step:
    """ "close" behind a failed parent, "keep" until every parent was probed since, else "open"."""
    for parent in ancestors(target, scene.targets):
        found, standing = scene.results.get(parent.id), scene.standings.get(parent.id)
        if found is None or not _fresh(parent, found, scene.now):
            continue
        if found.state is State.DOWN:
            return "close"
        confirming = standing is not None and standing.failures > 0
        if confirming or (result.since is not None and found.at < result.since):
            return "keep"
    return "open"


def _fresh(target: Target, result: Result, now: datetime) -> bool:
    return now - result.at <= STALE * target.interval


def _open(tx: Connection) -> dict[str, Open]:
    rows = tx.execute(text("SELECT id, target_id, state, why FROM alert WHERE closed_at IS NULL"))
    return {row.target_id: Open(row.id, row.state, row.why) for row in rows}


Change = tuple[str, dict[str, object]]

OPEN = """
    INSERT INTO alert (id, school_id, target_id, target_name, state, since, why)
    VALUES (:id, :school, :target, :name, :state, :since, :why)
    ON CONFLICT DO NOTHING
"""
CHANGE = "UPDATE alert SET state = :state, why = :why WHERE id = :id AND closed_at IS NULL"
CLOSE = "UPDATE alert SET closed_at = :now WHERE id = :id AND closed_at IS NULL"


def _changes(
    steps: Sequence[tuple[Target, Step]], scene: Scene, opened: Mapping[str, Open]
) -> Iterator[Change]:
    for target, step in steps:
        is_open, result = opened.get(target.id), scene.results.get(target.id)
        if step == "close" and is_open:
            yield CLOSE, {"id": is_open.id, "now": scene.now}
        if result is None or result.state not in (State.DOWN, State.SUSPECT):
            continue
        values: dict[str, object] = {
            "state": result.state.value,
            "why": result.why.to_json() if result.why else None,
        }
        if step == "open" and is_open is None:
            yield (
                OPEN,
                values
                | {
                    "id": new_id(),
                    "school": target.school_id,
                    "target": target.id,
                    "name": target.name,
                    "since": result.since or result.at,
                },
            )
        elif step == "open" and is_open and is_open.state != result.state.value:
            yield CHANGE, values | {"id": is_open.id}


def _orphans(scene: Scene, opened: Mapping[str, Open]) -> Iterator[Change]:
    """Alerts of targets that are probed no more."""
    for target_id, alert in opened.items():
        if target_id not in scene.targets:
            yield CLOSE, {"id": alert.id, "now": scene.now}
