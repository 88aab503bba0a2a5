"""Call ejabberd's commands over HTTP, and read what it refuses from its bare sentences.

https://docs.ejabberd.im/developer/ejabberd-api/ (mod_http_api)
"""

import json
from typing import Any

from platforms.answers import NOT_THERE, WRONG_SECRET, Site, basic
from platforms.base import N_, PlatformError
from platforms.metering import Ask, Reply

NO_ROOM = N_("ejabberd at {host} has no such room any more.")
REFUSED = N_("ejabberd at {host} refused the command {code}. Tell its technicians.")
DENIED = N_(
    "ejabberd at {host} does not let Pult's account use the command {code}. Add it to "
    "api_permissions there."
)
OLDER = "v2"  # the last version whose commands take an address whole (ejabberd before 24.12)
NO_SUCH = ("exist", "room_not_found")
DONE = 0  # what a command that changes something answers when it did


class Calls:
    """One server's API, with the password of an account or an OAuth token."""

    def __init__(self, site: Site, user: str, secret: str) -> None:
        self.site, self.host = site, site.host
        signed = basic(user, secret) or {"Authorization": f"Bearer {secret}"}
        self._headers = {**signed, "Content-Type": "application/json"}

    def read(self, command: str, /, **arguments: str) -> Any:
        return self._call(command, arguments, safe=True)

    def change(self, command: str, /, **arguments: str) -> None:
        """Raises PlatformError unless ejabberd says that it is done."""
        try:
            answer = self._call(command, arguments, safe=False)
        except PlatformError as error:
            if error.code != "arguments":
                raise
            answer = self._call(f"{command}/{OLDER}", arguments, safe=False)
        if answer != DONE:
            raise self.refused(command)

    def ask(self, command: str, /, **arguments: str) -> Ask:
        body = json.dumps(arguments).encode()
        return Ask(f"{self.site.url}/{command}", self._headers, body, "POST")

    def answer(self, command: str, reply: Reply) -> Any:
        """The JSON of a good answer. Raises PlatformError for anything else."""
        said = _json(reply)
        if reply.status == 400 and "argument" in str(said):
            raise self.error(REFUSED, command, code="arguments")
        if reply.status == 400 and any(one in str(said) for one in NO_SUCH):
            raise self.error(NO_ROOM, code="no room")
        if reply.status == 401:
            raise self.error(WRONG_SECRET, code="401")
        if reply.status == 403:
            raise self.error(DENIED, command, code="403")
        if reply.status == 404:
            raise self.error(NOT_THERE, code="404")
        if reply.status != 200:
            passing = reply.status in (429, 502, 503, 504)
            raise self.error(REFUSED, command, code=str(reply.status), permanent=not passing)
        if said is None:
            raise self.site.strange()
        return said

    def refused(self, command: str) -> PlatformError:
        return self.error(REFUSED, command)

    def error(
        self, template: str, command: str = "", *, code: str = "refused", permanent: bool = True
    ) -> PlatformError:
        said = {"host": self.host, "product": self.site.product, "code": command}
        used = {name: value for name, value in said.items() if f"{{{name}}}" in template}
        return PlatformError(template, used, permanent=permanent, code=code)

    def _call(self, command: str, arguments: dict[str, str], *, safe: bool) -> Any:
        reply = self.site.http.send(self.ask(command, **arguments), name=command, safe=safe)
        try:
            return self.answer(command.partition("/")[0], reply)
        except PlatformError as error:
            error.unsure = not safe and (reply.status >= 500 or error.code == "unreadable")
            raise


def _json(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
