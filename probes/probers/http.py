"""GET a web address and judge status, speed, body and the certificate's remaining days."""

from functools import lru_cache

from probes.model import ProbeFailed, Reading, State, Target
from probes.probers import conditions, json_conditions, redirects
from probes.probers.addresses import refuse_web
from probes.probers.base import Answer, Condition, Context, Fetch, HttpProber, Talk, Verdict
from probes.probers.redirects import Landed
from probes.probers.web import phases, require_plain, text_of
from store.words import N_, Words

STATUS = Condition("status", "200-299", N_("The status codes that are well: 200-299 or 200,401"))
CONTAINS = Condition("contains", "", N_("What the page must contain"))
LACKS = Condition("lacks", "", N_("What the page must not contain"))
JSON = Condition(
    "json",
    "",
    N_("What its JSON must hold, one condition a line: [BODY].status == ok"),
    lines=True,
)
AUTHORIZATION = Condition(
    "authorization", "", N_("The Authorization header, such as Bearer and a token"), secret=True
)
COLD_EVERY = 300.0  # seconds between new connections, each of which shows the certificate


def talk(target: Target, context: Context) -> Talk:
    memory = context.memory
    cold = context.cold or context.monotonic - memory.get("cold at", -COLD_EVERY) >= COLD_EVERY
    verify = conditions.flag(target, conditions.VERIFY)
    fetch = Fetch(target.address, verify=verify, cold=cold, headers=_headers(target))
    most = int(conditions.number(target, redirects.REDIRECTS))
    landed = yield from redirects.follow(target, fetch, most)
    answer = landed.answer
    if cold:
        memory["cold at"] = context.monotonic
    if landed.days is not None:
        memory["certificate ends"] = context.monotonic / 86_400 + landed.days
    readings = _readings(landed, context)
    _require(target, answer, readings)
    readings += _require_body(target, answer, readings)
    return _judged(target, landed, context, readings)


def _headers(target: Target) -> dict[str, str]:
    authorization = conditions.secret(target, AUTHORIZATION)
    return {redirects.PRIVATE: authorization} if authorization else {}


def _readings(landed: Landed, context: Context) -> tuple[Reading, ...]:
    answer = landed.answer
    found = [] if answer.error else list(phases(answer))
    if answer.status:
        found.append(Reading("status", answer.status, ""))
        found.append(Reading("size", answer.size, "B"))
    if landed.hops:
        found.append(Reading("redirects", landed.hops, ""))
    days = _certificate_days(context)
    if days is not None:
        found.append(Reading("certificate", round(days, 2), "d"))
    return tuple(found)


def _require(target: Target, answer: Answer, readings: tuple[Reading, ...]) -> None:
    if answer.error is not None:
        raise ProbeFailed(answer.error.template, answer.error.params, readings=readings)
    expected = conditions.words(target, STATUS)
    if not _accepted(answer.status, expected):
        redirected = 300 <= answer.status < 400
        template = (
            N_("It redirects elsewhere (status {status}): probe that address, or allow redirects.")
            if redirected
            else N_("It answers with status {status}; expected {expected}.")
        )
        params = {"status": answer.status} | ({} if redirected else {"expected": expected})
        raise ProbeFailed(template, params, readings=readings)


def _require_body(
    target: Target, answer: Answer, readings: tuple[Reading, ...]
) -> tuple[Reading, ...]:
    """What the conditions of the body read. Raises ProbeFailed for the first that is not met."""
    wanted, unwanted = conditions.words(target, CONTAINS), conditions.words(target, LACKS)
    written = conditions.words(target, JSON)
    if not (wanted or unwanted or written):
        return ()
    try:
        require_plain(answer)
        body = text_of(answer)
        if wanted and wanted not in body:
            raise ProbeFailed(N_("The page does not contain “{words}”."), {"words": wanted})
        if unwanted and unwanted in body:
            raise ProbeFailed(N_("The page contains “{words}”."), {"words": unwanted})
        return json_conditions.judge(body, json_conditions.parse(written)) if written else ()
    except ProbeFailed as failed:
        raise ProbeFailed(failed.template, failed.params, readings=readings) from failed


def _judged(
    target: Target, landed: Landed, context: Context, readings: tuple[Reading, ...]
) -> Verdict:
    days = _certificate_days(context)
    if days is not None and days < conditions.number(target, conditions.CERTIFICATE_DAYS):
        why = Words(N_("The certificate expires in {days} days; renew it."), {"days": int(days)})
        return Verdict(landed.seconds, readings, State.SUSPECT, why)
    if landed.seconds > conditions.number(target, conditions.SLOW):
        seconds = round(landed.seconds, 1)
        why = Words(N_("It answers slowly: {seconds} s."), {"seconds": seconds})
        return Verdict(landed.seconds, readings, State.SUSPECT, why, slow=True)
    return Verdict(landed.seconds, readings)


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
        _ranges(conditions.words(target, STATUS))
    except ValueError:
        return Words(N_("Write the expected status like 200-299 or 200,401."))
    try:
        json_conditions.parse(conditions.words(target, JSON))
    except ValueError as error:
        return Words(
            N_("{condition} cannot be read; write it like [BODY].status == ok."),
            {"condition": str(error)},
        )
    return redirects.refuse(target) or refuse_web(target)


PROBER = HttpProber(
    talk,
    refuse,
    conditions=(
        STATUS,
        CONTAINS,
        LACKS,
        JSON,
        redirects.REDIRECTS,
        redirects.WITHIN,
        AUTHORIZATION,
        conditions.SLOW,
        conditions.CERTIFICATE_DAYS,
        conditions.VERIFY,
    ),
)
