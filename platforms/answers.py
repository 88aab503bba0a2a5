"""Read the JSON of platforms that do not mean us well, or are not what they should be."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from platforms.base import N_, Health, PlatformError, Room
from platforms.http import Http
from platforms.metering import Ask, Metered, Reading, Reply, carried, too_many

MOST = 100_000_000  # people: more is no count, and would not fit the tables either
LONGEST = 255  # characters of a name or an id
WHOLE = re.compile(r"\d{1,15}|\d{1,3}(,\d{3}){1,4}", re.ASCII)

USER = N_("Name, if a password is asked for")  # an option of several platforms
WRONG_SECRET = N_("{host} does not accept the secret. Enter the one that its {product} has.")
NOT_THERE = N_("There is no {product} at {host} under this address. Check the address.")
NOT_ITS_OWN = N_("{host} answered with something that is not {product}'s. Check the address.")
GONE = N_("There is no such post in the discussion any more.")
BUSY = N_("{host} asks Pult to slow down. It tries again soon.")
INVALID = N_("{host} does not take this: {said}")
REFUSED = N_("{product} at {host} answered with HTTP status {code}. Tell its technicians.")


class Site:
    """One server of a product, asked in its own words; what they share is said here."""

    def __init__(self, product: str, url: str, options: Mapping[str, str]) -> None:
        self.http = Http(url, loopback_only=options.get("loopback_only") == "1")
        self.product = product
        self.url, self.host = self.http.url, self.http.host

    def read(self, reply: Reply) -> dict[str, Any]:
        """The JSON object of a good answer. Raises PlatformError for anything else."""
        self.refuse(reply)
        try:
            answer = json.loads(reply.body)
        except (ValueError, RecursionError):
            raise self.strange() from None
        if not isinstance(answer, dict):
            raise self.strange()
        return answer

    def refuse(self, reply: Reply) -> None:
        """Raises PlatformError unless the status is a good one."""
        if reply.status in (401, 403):
            raise self.error(WRONG_SECRET, str(reply.status))
        if reply.status == 404:
            raise self.error(NOT_THERE, "404")
        if reply.status != 200:
            passing = reply.status >= 500 or reply.status == 429
            raise self.error(REFUSED, str(reply.status), permanent=not passing)

    def rows(
        self, answer: Mapping[str, Any], name: str, *, most: int | None = None
    ) -> list[dict[str, Any]]:
        """A list of objects in an answer; raises PlatformError if it is none, or has too many."""
        found = answer.get(name)
        if most is not None and isinstance(found, list) and len(found) > most:
            raise too_many()
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise self.strange()
        return found

    def strange(self) -> PlatformError:
        return self.error(NOT_ITS_OWN, "unreadable")

    def error(self, template: str, code: str, *, permanent: bool = True) -> PlatformError:
        said = {"host": self.host, "product": self.product, "code": code}
        used = {name: value for name, value in said.items() if f"{{{name}}}" in template}
        return PlatformError(template, used, permanent=permanent, code=code)

    def call(self, ask: Ask, name: str, *, safe: bool = True) -> dict[str, Any]:
        """One request over the adapter's own session. Sent once unless it is `safe`."""
        reply = self.http.send(ask, name=name, safe=safe)
        try:
            return self.read(reply)
        except PlatformError as error:
            error.unsure = not safe and (reply.status >= 500 or error.code == "unreadable")
            raise

    def carry(self, reading: Reading) -> Metered:
        return carried(reading, lambda ask: self.http.send(ask, name="reading"))

    def rooms(self, reading: Reading) -> list[Room] | None:
        found = self.carry(reading).rooms
        return None if found is None else list(found)

    def health(self, reading: Reading) -> Health:
        """Well, if the reading comes to its end."""
        try:
            self.carry(reading)
        except PlatformError as error:
            return Health(problem=error.template, params=error.params)
        return Health()


def in_turn(steps: Iterable[Callable[[], object]]) -> None:
    """Take the steps of one act. A refusal after the first leaves it half done: it is `unsure`."""
    begun = False
    try:
        for step in steps:
            step()
            begun = True
    except PlatformError as error:
        error.unsure |= begun
        raise


def count(value: object) -> int | None:
    """A count of people as written, also "1,234": they are whole. None if it is not one."""
    if isinstance(value, str):
        value = whole(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= MOST and value == int(value) else None


def whole(written: str) -> int | None:
    """A whole number as printed, also "1,234" but not "1,2"; None if it is not one."""
    found = WHOLE.fullmatch(written.strip())
    return int(found[0].replace(",", "")) if found else None


def share(value: object) -> float | None:
    """A share of 1, also somewhat over it; None if it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 100 else None


def word(value: object) -> str:
    """A name or an id, without what no database keeps."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    written = str(value)[:LONGEST]
    return written if written.isprintable() else "".join(filter(str.isprintable, written))


def basic(user: str, secret: str) -> dict[str, str]:
    """The header of a name and a password; none where there is no name (RFC 7617)."""
    if not user:
        return {}
    return {"Authorization": "Basic " + b64encode(f"{user}:{secret}".encode()).decode()}
