"""Look into the mailbox: a small page, JSON lists, and each message as it came."""

from html import escape

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from platforms.campus.guard import OwnPagesOnly
from platforms.campus.mail.box import Box

SHOWN = 200  # messages on the page
STYLE = "body{font:15px sans-serif;margin:2rem}td,th{padding:.3rem .8rem;text-align:left}"
SAFE = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}


def application(box: Box) -> Starlette:
    web = Web(box)
    return Starlette(
        routes=[
            Route("/", web.page),
            Route("/messages", web.messages),
            Route("/messages/{n:int}", web.raw),
            Route("/bounces", web.bounces),
        ],
        middleware=[Middleware(OwnPagesOnly)],
    )


class Web:
    def __init__(self, box: Box) -> None:
        self.box = box

    async def page(self, _: Request) -> Response:
        rows = "".join(_row(mail.record()) for mail in self.box.mails[: -SHOWN - 1 : -1])
        return HTMLResponse(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mailbox</title>'
            f"<style>{STYLE}</style><h1>Mailbox</h1><p>{len(self.box.mails)} messages."
            "<table><tr><th>No.<th>At<th>To<th>From<th>Subject" + rows + "</table></html>"
        )

    async def messages(self, request: Request) -> Response:
        """`?to=` keeps one recipient's; delivery reports are in /bounces alone."""
        to = request.query_params.get("to", "")
        found = [mail for mail in self.box.mails if not mail.bounce and to in ("", mail.recipient)]
        return JSONResponse([mail.record() for mail in found])

    async def bounces(self, _: Request) -> Response:
        return JSONResponse([mail.record() for mail in self.box.mails if mail.bounce])

    async def raw(self, request: Request) -> Response:
        n = request.path_params["n"]
        if not 1 <= n <= len(self.box.mails):
            return PlainTextResponse("Not Found", status_code=404)
        return Response(self.box.mails[n - 1].raw, media_type="text/plain", headers=SAFE)


def _row(record: dict[str, object]) -> str:
    cells = (record["at"], record["to"], record["from"], record["subject"])
    link = f'<a href="/messages/{record["n"]}">{record["n"]}</a>'
    return f"<tr><td>{link}" + "".join(f"<td>{escape(str(cell))}" for cell in cells)
