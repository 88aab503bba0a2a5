"""Probe one target now, for the command line and "Probe now"; a stream is watched meanwhile."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from platforms.base import Adapter
from probes import telling
from probes.model import Beat, ProbeFailed, Result, State, Target
from probes.probers import PROBERS, meant
from probes.probers.base import Context, Memory, Verdict, time_for
from probes.runner import Runner
from store.words import N_

Adapters = Callable[[str], Adapter]


def check(
    target: Target,
    *,
    adapters: Adapters | None = None,
    timeout: float | None = None,
    loopback_only: bool = False,
    beat: Beat | None = None,
) -> Result:
    """One probe now, within `timeout` seconds in all; a first failure is tried again at once.

    Without it, each look has the time that the target's module allows. A live stream is
    watched for as long as judging it takes: at most one and a half of its target
    durations, plus the timeout.
    """
    each = timeout if timeout is not None else time_for(PROBERS[target.prober], target)
    whole = timeout if timeout is not None else 2 * each
    runner = Runner(loopback_only=loopback_only)
    adapter = adapters(target.connection_id) if adapters and target.connection_id else None
    memory: Memory = {}

    def once(seconds: float, *, cold: bool) -> Verdict:
        context = Context(seconds, time.monotonic(), memory, cold, adapter, loopback_only, beat)
        return verdict_of(runner, target, context)

    try:
        start = time.monotonic()
        verdict = once(each, cold=True)
        while not verdict.judged:
            time.sleep(verdict.again or 0.0)
            verdict = once(each, cold=False)
        left = whole - (time.monotonic() - start)
        if verdict.state is State.DOWN and left > whole / 10:
            verdict = once(min(left, each), cold=True)
    finally:
        runner.close()
    return Result(
        target.id,
        datetime.now(UTC),
        verdict.state,
        verdict.seconds,
        verdict.readings,
        verdict.why,
        rooms=verdict.rooms,
    )


def target_of(address: str, *, prober: str | None = None) -> Target:
    """A target that is kept nowhere; its prober by the address, unless given.

    Raises ProbeFailed for an address that no prober, or not that one, can read.
    """
    named = prober or meant(address)
    if named not in PROBERS:
        raise ProbeFailed(
            N_("There is no probe named {prober}. Use one of {known}."),
            {"prober": named, "known": ", ".join(PROBERS)},
        )
    target = Target("", "", address, named, address, interval=timedelta(seconds=5))
    problem = PROBERS[named].refuse(target)
    if problem is not None:
        raise ProbeFailed(problem.template, problem.params)
    return target


def cli_json(target: Target, result: Result) -> dict[str, object]:
    """The object that `python -m console probe --json` prints."""
    return {
        "target": target.name,
        "module": target.prober,
        "state": result.state.value,
        "seconds": result.seconds,
        "readings": [
            {"name": reading.name, "value": reading.value, "unit": reading.unit}
            for reading in result.readings
        ],
        "error": str(result.why) if result.why else None,
    }


def verdict_of(runner: Runner, target: Target, context: Context) -> Verdict:
    """One look at the target, waited for; unknown where its slowness may be our own."""
    found: list[Verdict] = []
    began, idle = time.monotonic(), runner.pace.idle
    runner.start(target, context, found.append)
    while not found:
        runner.turn(1.0)
    (verdict,) = found
    if verdict.slow and runner.pace.doubtful(began, idle, time.monotonic()):
        return telling.doubtful(verdict)
    return verdict
