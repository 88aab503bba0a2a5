"""Ask for a web address and judge status, speed, body and the certificate's remaining days."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from probes.light import light
from probes.model import ProbeFailed, Reading, Readings, State, Target
from probes.probers import asking, conditions, demands, redirects
from probes.probers.addresses import refuse_web
from probes.probers.base import SITE, Context, HttpProber, Talk, Verdict
from probes.probers.fetching import MEBIBYTE, Answer, Fetch
from probes.probers.redirects import Landed
from probes.probers.settable import Condition
from store.words import N_, Words

CODES = range(100, 600)  # RFC 9110, section 15
STATUS = Condition("status", "200-299", N_("The status codes that are well: 200-299 or 200,401"))
DAY = 86_400.0  # seconds
STATUS_AND_SIZE = ("status", "size")
UNITS = {"status": "", "size": "B", "redirects": "", "certificate": "d"}  # the rest are seconds
ASKED = "asked"  # where the memory holds what the module asks for
COLD_EVERY = 300.0  # seconds between new connections, each of which shows the certificate


@light(frozen=True)
class _Asked:
    """What the target's module asks for, read once for all its probes."""

    warm: Fetch
    cold: Fetch
    redirects: int
    status: str
    demanding: bool
    slow: float
    certificate_days: float

    @classmethod
    def of(cls, target: Target) -> "_Asked":
        """Raises ProbeFailed for a sealed header that is none."""
        demanding = demands.any_of(target)
        most = int(conditions.number(target, redirects.REDIRECTS))
        largest = int(conditions.number(target, demands.LARGEST) * MEBIBYTE)
        warm = asking.fetch_of(target, max_bytes=largest, read=demanding or most > 0)
        return cls(
            warm,
            replace(warm, cold=True),
            most,
            conditions.words(target, STATUS),
            demanding,
            conditions.number(target, conditions.SLOW),
            conditions.number(target, conditions.CERTIFICATE_DAYS),
        )


def talk(target: Target, context: Context) -> Talk:
    memory, now = context.memory, context.monotonic
    asked: _Asked = memory.get(ASKED) or memory.setdefault(ASKED, _Asked.of(target))
    cold = context.cold or now - memory.get("cold at", -COLD_EVERY) >= COLD_EVERY
    fetch = asked.cold if cold else asked.warm
    if asked.redirects > 0:
        landed = yield from redirects.follow(target, fetch, asked.redirects)
    else:
        landed = redirects.landed(fetch, (yield fetch))
    if cold:
        memory["cold at"] = now
    if landed.days is not None:
        memory["certificate ends"] = now / DAY + landed.days
    ends = memory.get("certificate ends")
    days = None if ends is None else ends - now / DAY
    readings = _readings(landed, days)
    _require(asked, landed.answer, readings)
    if asked.demanding:
        more = _require_demands(target, landed.answer, readings)
        return _judged(asked, landed, days, (*readings, *more))
    return _judged(asked, landed, days, readings)


def _readings(landed: Landed, days: float | None) -> Readings:
    answer = landed.answer
    phases = landed.phases if answer.error is None else {}
    names, values = [*phases], [*phases.values()]
    if answer.status:
        names += STATUS_AND_SIZE
        values += (answer.status, answer.size)
    if landed.hops:
        names.append("redirects")
        values.append(landed.hops)
    if days is not None:
        names.append("certificate")
        values.append(days * 100_000 // 1 / 100_000)  # to a second, faster than rounding
    named = tuple(names)
    return Readings(named, _units(named), tuple(values))


@lru_cache
def _units(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(UNITS.get(name, "s") for name in names)


def _require(asked: _Asked, answer: Answer, readings: Readings) -> None:
    if answer.error is not None:
        raise ProbeFailed(answer.error.template, answer.error.params, readings=readings)
    if not _accepted(answer.status, asked.status):
        redirected = 300 <= answer.status < 400
        template = (
            N_("It redirects elsewhere (status {status}): probe that address, or allow redirects.")
            if redirected
            else N_("It answers with status {status}; expected {expected}.")
        )
        params = {"status": answer.status} | ({} if redirected else {"expected": asked.status})
        raise ProbeFailed(template, params, readings=readings)


def _require_demands(target: Target, answer: Answer, readings: Readings) -> tuple[Reading, ...]:
    """What the demands of the module read. Raises ProbeFailed for the first that is not met."""
    try:
        return demands.require(target, answer)
    except ProbeFailed as failed:
        raise ProbeFailed(
            failed.template, failed.params, state=failed.state, readings=readings
        ) from failed


def _judged(
    asked: _Asked, landed: Landed, days: float | None, readings: Sequence[Reading]
) -> Verdict:
    if days is not None and days < asked.certificate_days:
        return Verdict(landed.seconds, readings, State.SUSPECT, conditions.ending(days))
    if landed.seconds > asked.slow:
        seconds = round(landed.seconds, 1)
        why = Words(N_("It answers slowly: {seconds} s."), {"seconds": seconds})
        return Verdict(landed.seconds, readings, State.SUSPECT, why, slow=True)
    if landed.answer.endless:
        return Verdict(landed.seconds, readings, State.SUSPECT, _endless(asked))
    return Verdict(landed.seconds, readings)


def _endless(asked: _Asked) -> Words:
    return Words(
        N_("The page is longer than {megabytes} MB (largest); nobody knows whether it ends."),
        {"megabytes": asked.warm.max_bytes / MEBIBYTE},
    )


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


def nonsense(target: Target) -> Words | None:
    return (
        _no_status(conditions.words(target, STATUS))
        or asking.nonsense(target)
        or demands.refuse(target)
        or redirects.refuse(target)
    )


def _no_status(written: str) -> Words | None:
    try:
        ranges = _ranges(written)
    except ValueError:
        return Words(N_("Write the expected status like 200-299 or 200,401."))
    for low, high in ranges:
        if low > high:
            words = N_("No status is from {low} to {high}; write the lower one first.")
            return Words(words, {"low": low, "high": high})
        if low not in CODES or high not in CODES:
            return Words(N_("A status is from 100 to 599."))
    return None


def refuse(target: Target) -> Words | None:
    return nonsense(target) or asking.refuse(target) or refuse_web(target)


PROBER = HttpProber(
    talk,
    refuse,
    conditions=(
        STATUS,
        *demands.CONDITIONS,
        *asking.CONDITIONS,
        redirects.REDIRECTS,
        redirects.WITHIN,
        conditions.SLOW,
        conditions.CERTIFICATE_DAYS,
        conditions.VERIFY,
    ),
    name="HTTP",
    nonsense=nonsense,
    schemes=("http", "https"),
    kind=SITE,
    judges_answers=True,
    readings={
        "status": N_("HTTP status"),
        "size": N_("Size of the answer"),
        "redirects": N_("Redirects followed"),
    },
)
