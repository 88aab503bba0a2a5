"""Call Moodle's web service functions, and turn its answers into sentences.

Errors come as HTTP 200 with `errorcode`; class names differ by version.
https://docs.moodle.org/dev/Creating_a_web_service_client
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from platforms.base import N_, PlatformError
from platforms.http import FORM, Http
from platforms.metering import Ask, Reply

ENDPOINT = "/webservice/rest/server.php"
BATCH = 400  # values a call: PHP drops what is past max_input_vars (1,000) without a word
RAW = {"moodlewssettingraw": 1, "moodlewssettingfileurl": 0}

# errorcode: what to say, and whether asking again is useless
ERRORS: dict[str, tuple[str, bool]] = {
    "invalidtoken": (
        N_(
            "Moodle at {host} does not know the token. Make a new one under Site administration, "
            "Server, Manage tokens, and enter it here."
        ),
        True,
    ),
    "accessexception": (
        N_(
            "Moodle at {host} does not let the token call {function}. Add the function to the "
            "token's service, and check that the service is on, that the token has not expired "
            "and that its IP restriction lets Pult in."
        ),
        True,
    ),
    "wsaccessusersuspended": (
        N_(
            "The account that owns the token at {host} is suspended. Lift that in Moodle, or make "
            "a token for another account."
        ),
        True,
    ),
    "invalidrecord": (
        N_(
            "Moodle at {host} does not have what Pult asked {function} for. It may have been "
            "deleted, or this Moodle is too old for that function."
        ),
        True,
    ),
    "invalidparameter": (
        N_(
            "Moodle at {host} does not understand how Pult calls {function}. Check that it is "
            "Moodle 4.1 or newer."
        ),
        True,
    ),
    "nopermissions": (
        N_(
            "The token's account at {host} may not do this ({function}). Give its role the "
            "permissions listed in the documentation, in the whole site."
        ),
        True,
    ),
    "dbconnectionfailed": (
        N_("Moodle at {host} does not reach its own database. Tell its technicians."),
        False,
    ),
    "missingparam": (
        N_(
            "Moodle at {host} did not receive the whole request: it is over the site's "
            "post_max_size. Ask its technicians to raise it."
        ),
        True,
    ),
    "sitemaintenance": (
        N_("Moodle at {host} is under maintenance. Pult will ask again."),
        False,
    ),
    "servicenotavailable": (
        N_(
            "Web services or the REST protocol are switched off at {host}. Switch both on under "
            "Site administration, Server, Web services."
        ),
        True,
    ),
}
SAME = {
    "requireloginerror": "nopermissions",
    "errorcoursecontextnotvalid": "nopermissions",
    "nopermission": "nopermissions",
    "cannotupdatepost": "nopermissions",
    "noviewdiscussionspermission": "nopermissions",
    "invalidpostid": "invalidrecord",
    "wsaccessuserdeleted": "wsaccessusersuspended",
    "enablewsdescription": "servicenotavailable",
}
CODE = re.compile(r"[\w:/.-]{1,100}", re.ASCII)  # what an errorcode looks like
PASSING = ("db", "dml", "ddl")  # errorcodes of a database in trouble begin so


class Calls:
    """A token at one Moodle site."""

    def __init__(self, http: Http, token: str) -> None:
        self._http, self._token = http, token
        self.host = http.host

    def read(
        self, function: str, params: Mapping[str, object] | None = None, *, raw: bool = False
    ) -> Any:
        """Call a function that changes nothing; a lost call is tried again.

        `raw`: texts as they were written, to be put back the same.
        """
        return self._call(function, {**(params or {}), **(RAW if raw else {})}, safe=True)

    def write(self, function: str, params: Mapping[str, object]) -> Any:
        """Call a function once. A PlatformError with `unsure` may have taken effect."""
        return self._call(function, params, safe=False)

    def ask(self, function: str, params: Mapping[str, object]) -> Ask:
        """The request of a call, for whoever carries it."""
        form = {
            "wstoken": self._token,
            "wsfunction": function,
            "moodlewsrestformat": "json",  # the default is XML
            **dict(flat(params)),
        }
        return Ask(self._http.url + ENDPOINT, FORM, urlencode(form).encode())

    def answer(self, reply: Reply, function: str, *, unsure: bool = False) -> Any:
        """What a reply to a call holds. Raises PlatformError."""
        self._refuse_status(reply, function, unsure=unsure)
        return self._parsed(reply, function, unsure=unsure)

    def error(self, code: str, function: str, *, unsure: bool = False) -> PlatformError:
        """What an errorcode of Moodle's means for a coordinator."""
        where = {"host": self.host, "function": function}
        template, permanent = ERRORS.get(SAME.get(code, code), ("", not code.startswith(PASSING)))
        if not template and code:
            template = N_("Moodle at {host} refused {function}: {code}. Tell its technicians.")
            where["code"] = code
        elif not template:
            template = N_(
                "Moodle at {host} failed inside {function}. What was asked for may be gone; if "
                "not, tell its technicians."
            )
        return PlatformError(template, where, permanent=permanent, code=code, unsure=unsure)

    def unreadable(self, function: str) -> PlatformError:
        return PlatformError(
            N_(
                "{host} answered {function} with something that is not Moodle's data. Check that "
                "the address is the site's own, and that nothing stands in between."
            ),
            {"host": self.host, "function": function},
            permanent=True,
            code="unreadable",
        )

    def rows(self, answer: object, function: str, *needed: str) -> list[dict[str, Any]]:
        """The records of an answer; raises PlatformError unless each has what is needed."""
        if not isinstance(answer, list) or not all(
            isinstance(row, dict) and all(name in row for name in needed) for row in answer
        ):
            raise self.unreadable(function)
        return answer

    def _call(self, function: str, params: Mapping[str, object], *, safe: bool) -> Any:
        reply = self._http.send(self.ask(function, params), name=function, safe=safe)
        return self.answer(reply, function, unsure=not safe)

    def _refuse_status(self, reply: Reply, function: str, *, unsure: bool) -> None:
        if reply.status == 403 and not reply.body.strip():
            raise self.error("servicenotavailable", function)
        if reply.status == 503:
            raise self.error("sitemaintenance", function)
        if reply.status == 404:
            raise PlatformError(
                N_("There is no Moodle at {host} under this address. Check the address."),
                {"host": self.host},
                permanent=True,
                code="404",
            )
        if reply.status >= 400:
            raise PlatformError(
                N_(
                    "{host} answered with HTTP status {status}. If this stays, tell its "
                    "technicians."
                ),
                {"host": self.host, "status": reply.status},
                permanent=reply.status < 500 and reply.status != 429,
                code=str(reply.status),
                unsure=unsure and reply.status >= 500,
            )

    def _parsed(self, reply: Reply, function: str, *, unsure: bool) -> Any:
        try:
            answer = json.loads(reply.body)
        except (ValueError, RecursionError):
            error = self.unreadable(function)
            error.unsure = unsure
            raise error from None
        if isinstance(answer, dict) and ("exception" in answer or "errorcode" in answer):
            raise self.error(self._code(answer), function)
        return answer

    def _code(self, answer: dict[str, Any]) -> str:
        """Its errorcode; '' if that is no such word, or holds the token: it will be shown."""
        code = str(answer.get("errorcode") or "")
        return code if CODE.fullmatch(code) and self._token not in code else ""


def flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Parameters as PHP reads them: users[0][id]=7."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for place, inner in enumerate(value):
            yield from flat(inner, f"{name}[{place}]")
    else:
        yield name, str(int(value)) if isinstance(value, bool) else str(value)
