"""/healthz: for machines; whether every part of every world in use is alive."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.web.house import House


class Health:
    def __init__(self, house: House) -> None:
        self.house = house

    def routes(self) -> list[Route]:
        return [Route("/healthz", self.show, methods=["GET"])]

    def show(self, _request: Request) -> Response:
        """200 only when every part of every world in use is alive."""
        parts = self.house.health()
        well = all(state == "ok" for state in parts.values())
        return JSONResponse(
            {"status": "ok" if well else "failing", "parts": parts},
            200 if well else 503,
            {"Cache-Control": "no-store"},
        )
