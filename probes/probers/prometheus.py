"""Ask a Prometheus what an expression is worth now, and judge the number.

https://prometheus.io/docs/prometheus/latest/querying/api/, instant queries.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from probes.model import ProbeFailed, Reading, State, Target
from probes.probers import conditions
from probes.probers.addresses import refuse_web
from probes.probers.base import Context, HttpProber, Talk, Verdict
from probes.probers.fetching import Answer, Fetch
from probes.probers.settable import Condition
from probes.probers.web import phases
from store.words import N_, Value, Words

QUERY = Condition("query", "", N_("The expression in PromQL; it must give numbers"))
TOKEN = Condition("token", "", N_("The token that Prometheus wants, if it wants one"), secret=True)
DOWN_ABOVE = Condition("down_above", math.inf, N_("Above this number it is down"))
DOWN_BELOW = Condition("down_below", -math.inf, N_("Below this number it is down"))
SUSPECT_ABOVE = Condition("suspect_above", math.inf, N_("Above this number it is suspect"))
SUSPECT_BELOW = Condition("suspect_below", -math.inf, N_("Below this number it is suspect"))
EMPTY = Condition("empty", "unknown", N_("What it means when there is no number: ok or unknown"))
LIMITS = (
    (DOWN_ABOVE, State.DOWN, max),
    (DOWN_BELOW, State.DOWN, min),
    (SUSPECT_ABOVE, State.SUSPECT, max),
    (SUSPECT_BELOW, State.SUSPECT, min),
)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|Inf)|NaN", re.ASCII)
ABOVE = N_("It is {value}, above {limit}.")
BELOW = N_("It is {value}, below {limit}.")


def talk(target: Target, context: Context) -> Talk:
    answer = yield Fetch(_url(target, context), headers=_headers(target))
    told = _values(answer)
    values = [value for value in told if not math.isnan(value)]
    if not values and conditions.words(target, EMPTY) == "ok":
        return Verdict(answer.seconds, phases(answer))
    if not values:
        raise _unknown(N_("The expression gives no number."))
    found = next(filter(None, (_judged(target, values, *limit) for limit in LIMITS)), None)
    if found is None and len(values) < len(told) and conditions.words(target, EMPTY) != "ok":
        raise _unknown(
            N_("{n} of {m} series give no number."), {"n": len(told) - len(values), "m": len(told)}
        )
    state, value, why = found or (State.OK, max(values), None)
    readings = (*phases(answer), Reading("value", value, ""), Reading("series", len(values), ""))
    return Verdict(answer.seconds, readings, state, why)


def _judged(
    target: Target,
    values: list[float],
    condition: Condition,
    state: State,
    worst: Callable[[list[float]], float],
) -> tuple[State, float, Words] | None:
    """The state, the worst value and the reason, if it is beyond the limit."""
    limit, value = conditions.number(target, condition), worst(values)
    if not (value > limit if worst is max else value < limit):
        return None
    params: dict[str, Value] = {"value": f"{value:g}", "limit": f"{limit:g}"}
    return state, value, Words(ABOVE if worst is max else BELOW, params)


def _url(target: Target, context: Context) -> str:
    asked = {
        "query": conditions.words(target, QUERY),
        "timeout": f"{int(context.timeout * 1000)}ms",
    }
    return f"{target.address.rstrip('/')}/api/v1/query?{urlencode(asked)}"


def _headers(target: Target) -> dict[str, str]:
    token = conditions.secret(target, TOKEN)
    return {"Authorization": f"Bearer {token}"} if token else {}


def _values(answer: Answer) -> list[float]:
    """The number of each series; NaN for one that has none.

    Raises ProbeFailed (UNKNOWN) for all else that may come.
    """
    if answer.error is not None:
        raise _unknown(answer.error.template, answer.error.params)
    if answer.status in (401, 403):
        raise _unknown(N_("Prometheus refuses the token (status {n})."), {"n": answer.status})
    try:
        told = {} if answer.cut else json.loads(answer.body)
        if told["status"] == "error":
            said = re.sub(r"\s+", " ", str(told.get("error", "")))[:200].rstrip(". ")
            raise _unknown(N_("Prometheus cannot answer: {error}."), {"error": said})
        found = told["data"]["result"]
        pairs = [found] if told["data"]["resultType"] == "scalar" else [p["value"] for p in found]
        return [_number(pair) for pair in pairs]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise _unknown(N_("What answers there is not a Prometheus with numbers.")) from None


def _number(pair: Any) -> float:
    _time, value = pair
    if not NUMBER.fullmatch(value):
        raise ValueError(value)
    return float(value)


def _unknown(template: str, params: Any = None) -> ProbeFailed:
    """What cannot be read is not known; it is never zero."""
    return ProbeFailed(template, params, state=State.UNKNOWN)


def refuse(target: Target) -> Words | None:
    if not conditions.words(target, QUERY):
        return Words(N_("Give the expression to ask for among the conditions: query = …"))
    if not any(math.isfinite(conditions.number(target, limit)) for limit, _state, _worst in LIMITS):
        return Words(N_("Give a limit, such as down_above = 100: without one all is well."))
    return nonsense(target) or refuse_web(target) or _refuse_query(target)


def nonsense(target: Target) -> Words | None:
    if conditions.words(target, EMPTY) not in ("ok", "unknown"):
        return Words(N_("Write empty as ok or unknown."))
    above = min(conditions.number(target, each) for each in (DOWN_ABOVE, SUSPECT_ABOVE))
    below = max(conditions.number(target, each) for each in (DOWN_BELOW, SUSPECT_BELOW))
    if below > above:
        words = N_("No number is well that must not be below {below}, nor above {above}.")
        return Words(words, {"below": f"{below:g}", "above": f"{above:g}"})
    return None


def _refuse_query(target: Target) -> Words | None:
    """The address is that of the Prometheus itself."""
    parts = urlsplit(target.address)
    if parts.query or parts.fragment:
        return Words(N_("Enter the address of the site itself, without anything after ? or #."))
    return None


PROBER = HttpProber(
    talk,
    refuse,
    conditions=(QUERY, TOKEN, EMPTY, *(condition for condition, _state, _worst in LIMITS)),
    name="Prometheus",
    nonsense=nonsense,
    readings={"value": N_("Value"), "series": N_("Series")},
)
