"""Take signs of life from what is watched: POST /push/{token}, with an exit code if it has one.

`curl -X POST https://…/push/TOKEN/$?` at the end of a script says how it ended.
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from console.web.limit import Limit
from console.wiring import Console
from probes import beats
from store import links

MINUTE = 60.0  # seconds over which signs of life are counted
BY_TARGET = 60  # a minute: a loop gone wild writes no oftener
MOST = 2**31 - 1  # the greatest code that is kept as it came


class Push:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.key = console.vault.derive("links")
        self.limit = Limit(MINUTE)

    def routes(self) -> list[Route]:
        return [
            Route("/push/{token}", self.take, methods=["POST"]),
            Route("/push/{token}/{code:int}", self.take, methods=["POST"]),
        ]

    def take(self, request: Request) -> Response:
        found = links.opened(self.key, "push", request.path_params["token"])
        if found is None:
            return PlainTextResponse("This address is not one of ours.\n", 404)
        if not self.limit.allows((found[0], BY_TARGET)):
            return PlainTextResponse("Too often: once a second at most.\n", 429)
        code = min(request.path_params.get("code", 0), MOST)
        with self.console.db.begin() as tx:
            kept = beats.keep(tx, found[0], code=code, now=self.console.now())
        if not kept:
            return PlainTextResponse("Nothing waits for this sign of life any more.\n", 404)
        return PlainTextResponse("ok\n")
