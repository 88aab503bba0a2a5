"""GET a web address and judge status, speed, body and the certificate's remaining days.

Module: `status` ("200-299,401"), `contains`, `lacks`, `redirects` (how many to
follow), `slow` (seconds until SUSPECT), `certificate_days`, `verify`.
"""

from functools import lru_cache

from probes.model import ProbeFailed, Reading, State, Target
from probes.probers import conditions
from probes.probers.addresses import refuse_web
from probes.probers.base import Answer, Condition, Context, Fetch, HttpProber, Talk, Verdict, number
from probes.probers.web import phases
from store.words import N_, Words

STATUS = "200-299"
SLOW = 2.0  # seconds
CERTIFICATE_DAYS = 7.0
COLD_EVERY = 300.0  # seconds between new connections, each of which shows the certificate


def talk(target: Target, context: Context) -> Talk:
    memory = context.memory
    cold = context.cold or context.monotonic - memory.get("cold at", -COLD_EVERY) >= COLD_EVERY
    answer = yield Fetch(
        target.address,
        redirects=int(number(target, "redirects", 0)),
        verify=bool(target.module.get("verify", True)),
        cold=cold,
    )
    if cold:
        memory["cold at"] = context.monotonic
    if answer.cert_days is not None:
        memory["certificate ends"] = context.monotonic / 86_400 + answer.cert_days
    readings = _readings(answer, context)
    _require(target, answer, readings)
    state, why = _doubts(target, answer, context)
    return Verdict(answer.seconds, readings, state, why)


def _readings(answer: Answer, context: Context) -> tuple[Reading, ...]:
    found = [] if answer.error else list(phases(answer))
    if answer.status:
        found.append(Reading("status", answer.status, ""))
        found.append(Reading("size", len(answer.body), "B"))
    days = _certificate_days(context)
    if days is not None:
        found.append(Reading("certificate", round(days, 2), "d"))
    return tuple(found)


def _require(target: Target, answer: Answer, readings: tuple[Reading, ...]) -> None:
    if answer.error is not None:
        raise ProbeFailed(answer.error.template, answer.error.params, readings=readings)
    expected = str(target.module.get("status", STATUS))
    if not _accepted(answer.status, expected):
        redirected = 300 <= answer.status < 400
        template = (
            N_("It redirects elsewhere (status {status}): probe that address, or allow redirects.")
            if redirected
            else N_("It answers with status {status}; expected {expected}.")
        )
        params = {"status": answer.status} | ({} if redirected else {"expected": expected})
        raise ProbeFailed(template, params, readings=readings)
    wanted, unwanted = target.module.get("contains"), target.module.get("lacks")
    if wanted or unwanted:
        body = answer.body.decode("utf-8", "replace")
        _require_body(body, str(wanted or ""), str(unwanted or ""), readings)


def _require_body(body: str, wanted: str, unwanted: str, readings: tuple[Reading, ...]) -> None:
    if wanted and wanted not in body:
        raise ProbeFailed(
            N_("The page does not contain “{words}”."), {"words": wanted}, readings=readings
        )
    if unwanted and unwanted in body:
        raise ProbeFailed(
            N_("The page contains “{words}”."), {"words": unwanted}, readings=readings
        )


def _doubts(target: Target, answer: Answer, context: Context) -> tuple[State, Words | None]:
    days = _certificate_days(context)
    if days is not None and days < number(target, "certificate_days", CERTIFICATE_DAYS):
        return State.SUSPECT, Words(
            N_("The certificate expires in {days} days; renew it."), {"days": int(days)}
        )
    seconds = answer.seconds or 0.0
    if seconds > number(target, "slow", SLOW):
        return State.SUSPECT, Words(
            N_("It answers slowly: {seconds} s."), {"seconds": round(seconds, 1)}
        )
    return State.OK, None


def _certificate_days(context: Context) -> float | None:
    ends = context.memory.get("certificate ends")
    return None if ends is None else ends - context.monotonic / 86_400


@lru_cache
def _accepted(status: int, expected: str) -> bool:
    return any(low <= status <= high for low, high in _ranges(expected))


def _ranges(expected: str) -> list[tuple[int, int]]:
    """The ranges of "200-299,401"; raises ValueError for anything else."""
    found = []
    for part in expected.split(","):
        low, _, high = part.strip().partition("-")
        found.append((int(low), int(high or low)))
    return found


def refuse(target: Target) -> Words | None:
    try:
        _ranges(str(target.module.get("status", STATUS)))
    except ValueError:
        return Words(N_("Write the expected status like 200-299 or 200,401."))
    return refuse_web(target)


PROBER = HttpProber(
    talk,
    refuse,
    conditions=(
        Condition("status", STATUS, N_("The status codes that are well: 200-299 or 200,401")),
        Condition("contains", "", N_("What the page must contain")),
        Condition("lacks", "", N_("What the page must not contain")),
        Condition("redirects", 0, N_("How many redirects to follow")),
        conditions.SLOW,
        conditions.CERTIFICATE_DAYS,
        conditions.VERIFY,
    ),
)
