"""Open and close alerts by how targets stand, one outage one alert.

It compares stored results with open alerts and writes the difference, so a
prober that dies between the two databases does at the next start what is missing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from probes import line
from probes.alerts import REMOVED
from probes.explaining import explains
from probes.graph import ancestors
from probes.judge import Standing
from probes.line import Line, Witnesses
from probes.model import Result, State, Target
from probes.probers import PROBERS
from probes.probers.base import silence_for, time_for
from probes.resting import OVER
from probes.rhythm import rhythm, stale
from store.db import Connection, Database, new_id, text
from store.words import Words

SUSPECT_LASTS = timedelta(seconds=60)  # a state of suspicion that alerts
LOOKED = timedelta(seconds=0.3)  # after a failure a parent's answer was not on its way before it
WAIT = line.HOLD + timedelta(seconds=5)  # for a witness that shows who is to blame

Step = Literal["open", "keep", "close"]  # what is open stays open with "keep", and nothing opens
Kind = Literal["failure", "flapping", "offline"]


@dataclass(frozen=True)
class Open:
    """What is known of an open alert."""

    id: str
    state: str
    kind: str
    why: str | None


@dataclass(frozen=True)
class Scene:
    """All that alerting looks at: the targets, how they stand, and which are silenced.

    `troubled`: the targets whose newest result is not OK; the others need no look.
    `well`: when the prober saw a target well again, also after a maintenance.
    `began`: when the prober did, which cannot know before what all parents say.
    """

    targets: Mapping[str, Target]
    results: Mapping[str, Result]
    standings: Mapping[str, Standing]
    silenced: Collection[str]
    now: datetime
    troubled: Collection[str]
    witnesses: Witnesses = field(default_factory=Witnesses)
    line: Line = field(default_factory=Line)
    resting: Collection[str] = frozenset()  # not judged until their next lesson
    began: datetime | None = None
    well: Mapping[str, datetime] = field(default_factory=dict)


def follow(db: Database, scene: Scene) -> None:
    """Bring the alert rows of the scene's targets into line with their results."""
    with db.read() as tx:
        opened = _open(tx)
    changes = [
        *_changes(scene, opened),
        *_orphans(scene, opened),
        *_offline(scene, opened),
    ]
    if changes:
        with db.begin() as tx:
            for statement, values in changes:
                tx.execute(text(statement), values)


def step_for(target: Target, scene: Scene) -> Step:
    """Whether the target should have an open alert; "keep" when that is not known.

    Only a good answer ends an alert, or the end of the lesson in which alone it is judged:
    what was told, and who has it, outlives a parent's failure and a maintenance.
    """
    if target.id in scene.resting:
        return "close"
    result = scene.results.get(target.id)
    if result is None or not _fresh(target, result, scene.now):
        return "keep"
    if result.state is State.OK:
        return "close"
    if not _alerts(target, result, scene):
        return "keep"
    held = (
        _behind(target, result, scene)
        or target.id in scene.silenced
        or _may_be_the_line(target, result, scene)
    )
    return "keep" if held else "open"


def _alerts(target: Target, result: Result, scene: Scene) -> bool:
    lasts = timedelta(0) if result.since is None else scene.now - result.since
    if result.state is State.SUSPECT:
        standing = scene.standings.get(target.id, Standing())
        if standing.unwell is not None and not standing.doubted:
            lasts = max(lasts, scene.now - standing.unwell)
        return standing.flapping or lasts >= SUSPECT_LASTS
    if result.state is State.UNKNOWN:
        limit = silence_for(PROBERS[target.prober], target)
        return 0 < limit <= lasts.total_seconds() and result.why != Words(line.CUT)
    return result.state is State.DOWN


def _flaps(target: Target, scene: Scene) -> bool:
    standing = scene.standings.get(target.id)
    return standing is not None and standing.flapping


def _behind(target: Target, result: Result, scene: Scene) -> bool:
    """Whether a failed parent explains the target's failure, or one not probed since may yet.

    So does one that is well again until the target was looked at since, and while it answers.
    """
    parents = [each for each in ancestors(target, scene.targets) if each.id not in scene.resting]
    standing = scene.standings.get(target.id)
    if parents and standing is not None and standing.successes > 0:
        return True
    return any(_may_explain(parent, result, scene) for parent in parents)


def _may_explain(parent: Target, result: Result, scene: Scene) -> bool:
    found, standing = scene.results.get(parent.id), scene.standings.get(parent.id)
    since = min(result.since or result.at, result.at)  # not after a clock that was set back
    if found is None or not _fresh(parent, found, scene.now):
        heard = max(since, scene.began) if scene.began else since
        return scene.now - heard < _first_answer(parent)
    if explains(parent, found, result.state):
        return True
    if standing is not None and standing.failures > 0 and standing.state is not State.UNKNOWN:
        return True  # it is being confirmed
    if standing is not None and standing.hopeful:
        return True  # the next look at it decides
    return found.at < since + LOOKED or _not_seen_since(found, result, scene)


def _not_seen_since(found: Result, result: Result, scene: Scene) -> bool:
    """Whether the result is from before the parent was well, or was on its way by then."""
    if found.state is not State.OK:
        return False
    times = (found.since, scene.well.get(found.target_id))
    known = [time for time in times if time is not None and time <= found.at]
    return any(result.at < time + LOOKED for time in known)


def _first_answer(parent: Target) -> timedelta:
    """How long the answer of a parent is waited for of which nothing is known."""
    return timedelta(seconds=time_for(PROBERS[parent.prober], parent)) + WAIT


def _may_be_the_line(target: Target, result: Result, scene: Scene) -> bool:
    """Whether Pult's own line explains the failure, or may yet be found to."""
    if target.id not in scene.witnesses.outside:
        return False
    if scene.line.cut_since is not None:
        return True
    since = result.since or result.at
    if not scene.witnesses.hosts or scene.now - since >= WAIT:
        return False
    return not line.proven(scene.witnesses, scene.results, scene.standings, since=since)


def _fresh(target: Target, result: Result, now: datetime) -> bool:
    return not stale((now - result.at).total_seconds(), rhythm(target).total_seconds())


def _open(tx: Connection) -> dict[str, Open]:
    rows = tx.execute(
        text("SELECT id, target_id, state, kind, why FROM alert WHERE closed_at IS NULL")
    )
    return {row.target_id: Open(row.id, row.state, row.kind, row.why) for row in rows}


Change = tuple[str, dict[str, object]]

OPEN = """
    INSERT INTO alert (id, school_id, target_id, target_name, state, kind, since, why)
    VALUES (:id, :school, :target, :name, :state, :kind, :since, :why)
    ON CONFLICT DO NOTHING
"""
CHANGE = """
    UPDATE alert SET state = :state, kind = :kind, why = :why
    WHERE id = :id AND closed_at IS NULL
"""
CLOSE = "UPDATE alert SET closed_at = :now, ended = :why WHERE id = :id AND closed_at IS NULL"


def _changes(scene: Scene, opened: Mapping[str, Open]) -> Iterator[Change]:
    for target_id in {*scene.troubled, *opened}:
        target, result = scene.targets.get(target_id), scene.results.get(target_id)
        if target is None or result is None:
            continue
        is_open, step = opened.get(target_id), step_for(target, scene)
        if step == "close" and is_open:
            yield _closed(is_open, scene, OVER if target_id in scene.resting else None)
        elif step == "open":
            yield from _opened(target, result, _flaps(target, scene), is_open)


def _opened(
    target: Target, result: Result, flapping: bool, is_open: Open | None
) -> Iterator[Change]:
    kind: Kind = "flapping" if flapping else "failure"
    values: dict[str, object] = {
        "state": result.state.value,
        "kind": kind,
        "why": result.why.to_json() if result.why else None,
    }
    if is_open is None:
        since = result.since or result.at
        yield OPEN, values | _row(target.school_id, target.id, target.name, since)
    elif result.state is State.UNKNOWN:
        return  # what was seen to fail is not known to be better
    elif (is_open.state, is_open.kind) != (result.state.value, kind):
        yield CHANGE, values | {"id": is_open.id}


def _closed(alert: Open, scene: Scene, why: str | None) -> Change:
    """The end of an alert; `why` when it is another than that the target answers again."""
    words = Words(why).to_json() if why else None
    return CLOSE, {"id": alert.id, "now": scene.now, "why": words}


def _orphans(scene: Scene, opened: Mapping[str, Open]) -> Iterator[Change]:
    """Alerts of targets that are probed no more."""
    for target_id, alert in opened.items():
        if target_id not in scene.targets and alert.kind != "offline":
            yield _closed(alert, scene, REMOVED)


def _offline(scene: Scene, opened: Mapping[str, Open]) -> Iterator[Change]:
    """While the line is cut, one alert in each school of which something is covered by that."""
    since = scene.line.cut_since
    hit = {
        scene.targets[each].school_id
        for each in scene.troubled
        if since is not None and each in scene.targets and each in scene.witnesses.outside
    }
    wanted = {f"line:{school_id}": school_id for school_id in hit}
    for target_id, alert in opened.items():
        if alert.kind == "offline" and (since is None or target_id not in wanted):
            yield _closed(alert, scene, None)
    for target_id, school_id in wanted.items():
        if target_id not in opened and since is not None:
            values = {
                "state": State.DOWN.value,
                "kind": "offline",
                "why": Words(line.CUT).to_json(),
            }
            yield OPEN, values | _row(school_id, target_id, "Pult", since)


def _row(school_id: str, target_id: str, name: str, since: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "school": school_id,
        "target": target_id,
        "name": name,
        "since": since,
    }
