"""/metrics, /sd and /probe for Prometheus, always with the bearer token; the real school's alone.

/probe takes the names and ids of targets that are kept here, never an address:
it must not become a way to reach what the console can reach.
"""

import asyncio
import hmac
import json
import math
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from console.web.house import House
from console.wiring import Console
from moderation import metrics as moderation
from probes import metrics as probes
from probes import modules, targets
from probes.model import Target
from probes.scraping import Scraper
from store import access, heartbeats, schools
from store.access import Actor
from store.db import Connection

TEXT = "text/plain; version=0.0.4; charset=utf-8"
TIMEOUT = "x-prometheus-scrape-timeout-seconds"
MARGIN = 0.5  # seconds that the answer may need on its way
SHORTEST, LONGEST = 0.1, 60.0  # seconds of one probe
UNSAID = 10.0  # seconds, where no timeout is said: Prometheus' own standard
REFRESH = 10  # seconds until /sd is worth another look
AT_ONCE = 64  # probes; apart from the threads that serve the screens
NO_SUCH = "There is no target of that name or id here. /sd lists them.\n"
NO_MODULE = "There is no module of that name in the target's school, or it has secrets.\n"
SEVERAL = "Several schools have a target of that name: give its id, as /sd does.\n"

Answer = Callable[[Request], Response]


class Scrapes:
    def __init__(self, house: House) -> None:
        self.house = house
        self._scraper = Scraper(house.real.adapters, loopback_only=house.real.simulation)
        self._threads = ThreadPoolExecutor(AT_ONCE, "scrape")

    def routes(self) -> list[Route]:
        return [
            Route(path, self._for(answer), methods=["GET"])
            for path, answer in (
                ("/metrics", self._metrics),
                ("/sd", self._targets),
                ("/probe", self._probe),
            )
        ]

    def _for(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that answers whoever has the token, in a thread of our own."""

        async def endpoint(request: Request) -> Response:
            refused = self._refusal(request)
            if refused is not None:
                return refused
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, answer, request)

        return endpoint

    def _refusal(self, request: Request) -> Response | None:
        token = self.house.real.settings.server.metrics_token
        if not token:
            return PlainTextResponse(f"Set server.metrics_token to open {request.url.path}.\n", 403)
        given = request.headers.get("authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return None
        return PlainTextResponse("A bearer token is needed.\n", 401, {"WWW-Authenticate": "Bearer"})

    def _metrics(self, _request: Request) -> Response:
        """What the console and its own prober know."""
        console = self.house.real
        actor = _everywhere(console)
        body = probes.exposition(console.db, actor, now=console.now())
        return Response(body + own(console, actor, self.house.health()), media_type=TEXT)

    def _targets(self, request: Request) -> Response:
        """What may be probed, for http_sd: https://prometheus.io/docs/prometheus/latest/http_sd/.

        Each is scraped at the address that this was asked at.
        """
        console = self.house.real
        with console.db.read() as tx:
            known = targets.probed(tx, _everywhere(console))
        self._scraper.keep_only({target.id for target in known})
        place = request.headers.get("host", "")
        return JSONResponse(
            [{"targets": [place], "labels": _labels(target)} for target in known],
            headers={"X-Prometheus-Refresh-Interval-Seconds": str(REFRESH)},
        )

    def _probe(self, request: Request) -> Response:
        """Probe one target now; 404 for what is not kept here."""
        console = self.house.real
        with console.db.read() as tx:
            asked = request.query_params.get("target", "")
            found = targets.called(tx, _everywhere(console), asked)
        if len(found) != 1:
            return PlainTextResponse(*((SEVERAL, 400) if found else (NO_SUCH, 404)))
        target = _as_asked(console, found[0], request.query_params.get("module"))
        if target is None:
            return PlainTextResponse(NO_MODULE, 404)
        until = patience(request.headers.get(TIMEOUT))
        beat = console.heard(target.id)
        return Response(self._scraper.scrape(target, timeout=until, beat=beat), media_type=TEXT)


def _as_asked(console: Console, target: Target, module_name: str | None) -> Target | None:
    """The target as it is probed; None where it must not be probed by that module.

    The module is one of the target's school, and has secrets only where the target uses it.
    """
    if module_name is None:
        return console.as_probed(target)
    with console.db.read() as tx:
        found = modules.called(tx, access.system(target.school_id), module_name)
    for module in found:
        if module.id == target.module_id:
            return console.as_probed(target)
        if not module.sealed:
            other = replace(target, prober=module.prober, module={}, sealed={}, module_id=module.id)
            return modules.as_probed(other, module, console.vault.open)
    return None


def patience(said: str | None) -> float:
    """How long one probe may take, in seconds, by the header that Prometheus sends."""
    try:
        seconds = float(said or UNSAID)
    except ValueError:
        seconds = UNSAID
    seconds = seconds if math.isfinite(seconds) else UNSAID
    return min(max(seconds - MARGIN, SHORTEST), LONGEST)


def _labels(target: Target) -> dict[str, str]:
    """Stable ids; what begins with __meta is there to be relabelled, and else forgotten."""
    return {
        "__metrics_path__": "/probe",
        "__param_target": target.id,
        "__meta_pult_name": target.name,
        "__meta_pult_interval": f"{target.interval.total_seconds():g}s",
        "instance": target.id,
        "school": target.school_id,
        "target": target.id,
        "prober": target.prober,
    }


def _everywhere(console: Console) -> Actor:
    with console.db.read() as tx:
        return access.system(*schools.every_id(tx))


def own(console: Console, actor: Actor, parts: dict[str, str]) -> bytes:
    """What the console says of itself and of what waits."""
    registry = CollectorRegistry()
    up = Gauge("pult_part_up", "1 if the part is alive", ["part"], registry=registry)
    cases = Gauge("pult_cases", "Cases by state", ["school", "state"], registry=registry)
    actions = Gauge("pult_actions", "Actions by state", ["school", "state"], registry=registry)
    for part, state in parts.items():
        up.labels(part).set(state == "ok")
    with console.db.read() as tx:
        for school_id in sorted(actor.schools):
            for state, count in moderation.cases(tx, actor, school_id).items():
                cases.labels(school_id, state).set(count)
            for state, count in moderation.actions(tx, actor, school_id).items():
                actions.labels(school_id, state).set(count)
        _prober(tx, registry)
    return generate_latest(registry)


def _prober(tx: Connection, registry: CollectorRegistry) -> None:
    """What the prober says of itself: late probes measure the prober, not their targets."""
    beat = heartbeats.last(tx).get("prober")
    said = json.loads(beat.detail) if beat and beat.detail else {}
    for name, words in (
        ("lag_seconds", "How late the prober began its probes, at most, in its last ten seconds"),
        ("targets", "How many targets the prober looks after"),
    ):
        if name in said:
            Gauge(f"pult_prober_{name}", words, registry=registry).set(said[name])
