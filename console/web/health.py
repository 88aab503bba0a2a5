"""/healthz and /metrics: for machines; states and counts, never names."""

import hmac

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from console.web.house import House
from console.wiring import Console
from moderation import metrics as moderation
from probes import metrics as probes
from store import access, schools
from store.access import Actor

TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    def __init__(self, house: House) -> None:
        self.house = house

    def routes(self) -> list[Route]:
        return [
            Route("/healthz", self.show, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    def show(self, _request: Request) -> Response:
        """200 only when every part of every world in use is alive."""
        parts = self.house.health()
        well = all(state == "ok" for state in parts.values())
        return JSONResponse(
            {"status": "ok" if well else "failing", "parts": parts},
            200 if well else 503,
            {"Cache-Control": "no-store"},
        )

    def metrics(self, request: Request) -> Response:
        """Prometheus' text, of the real school; with a bearer token always."""
        token = self.house.real.settings.server.metrics_token
        if not token:
            return PlainTextResponse("Set server.metrics_token to open /metrics.\n", 403)
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return PlainTextResponse(
                "A bearer token is needed.\n", 401, {"WWW-Authenticate": "Bearer"}
            )
        console = self.house.real
        with console.db.read() as tx:
            actor = access.system(*schools.every_id(tx))
        body = probes.exposition(console.db, actor, now=console.now()) + own(
            console, actor, self.house.health()
        )
        return Response(body, media_type=TEXT)


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
    return generate_latest(registry)
