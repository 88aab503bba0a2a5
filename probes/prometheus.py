"""Read a target's past from a Prometheus that scrapes Pult.

https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
"""

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from platforms.base import PlatformError
from platforms.http import Http
from probes.history import Point
from store.words import N_

PATIENCE = 3.0  # seconds; a chart is not worth more waiting
LARGEST = 4 * 1024 * 1024  # bytes of an answer
MOST = 5_000  # points of a series; Prometheus refuses more than 11,000
FINEST = timedelta(seconds=15)  # between two points: what is scraped less often would have gaps
METRICS = {"seconds": "probe_duration_seconds", "up": "probe_success"}


@dataclass(frozen=True)
class Prometheus:
    """Where it answers, with the bearer token that a proxy before it may ask for."""

    url: str
    token: str = field(default="", repr=False)


def history(
    server: Prometheus,
    school_id: str,
    target_id: str,
    *,
    since: datetime,
    until: datetime,
    points: int = 300,
) -> list[Point]:
    """At most `points` points, oldest first, each the mean of the time around it.

    Where nothing answered there is no time of an answer, however long a probe waited.
    The caller has looked who asks. Raises PlatformError, with a sentence.
    """
    step = max((until - since) / min(points, MOST), FINEST)
    values = {
        "query": _query(school_id, target_id, window=max(step, 2 * FINEST)),
        "start": (since + step).timestamp(),
        "end": until.timestamp(),
        "step": step.total_seconds(),
    }
    found = _series(_ask(server, f"api/v1/query_range?{urlencode(values)}"))
    seconds = found.get("seconds", {})
    return [
        Point(datetime.fromtimestamp(at, UTC) - step / 2, seconds.get(at) if up else None, up)
        for at, up in sorted(found.get("up", {}).items())
    ]


def _query(school_id: str, target_id: str, *, window: timedelta) -> str:
    """Both series at once, each told apart by a label; several jobs may have scraped them."""
    labels = f"school={_quoted(school_id)},target={_quoted(target_id)}"
    length = f"{max(1, round(window.total_seconds() * 1000))}ms"
    return " or ".join(
        f'label_replace(avg(avg_over_time({metric}{{{labels}}}[{length}])), "is", "{name}", "", "")'
        for name, metric in METRICS.items()
    )


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _ask(server: Prometheus, path: str) -> Any:
    headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    http = Http(server.url, read=PATIENCE, deadline=PATIENCE, max_body=LARGEST, headers=headers)
    reply = http.get(f"{http.url}/{path}", name="query_range")
    try:
        if reply.status != 200:
            raise ValueError(reply.status)
        return json.loads(reply.body)["data"]["result"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PlatformError(
            N_("{host} does not answer as a Prometheus does (status {status})."),
            {"host": http.host, "status": reply.status},
            permanent=True,
            code="prometheus",
        ) from error


def _series(result: Any) -> dict[str, dict[float, float]]:
    """The values by time, by the label that tells the series apart; without what is no number."""
    try:
        return {
            str(series["metric"]["is"]): {
                float(at): number
                for at, value in series["values"]
                if math.isfinite(number := float(value))
            }
            for series in result
        }
    except (ValueError, KeyError, TypeError) as error:
        raise PlatformError(
            N_("Prometheus answers with something else than series of numbers."),
            permanent=True,
            code="prometheus",
        ) from error
