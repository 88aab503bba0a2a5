"""Values and exceptions as Moodle's REST server prints them: XML unless JSON is asked for."""

import json
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from platforms.campus.moodle.errors import MoodleError
from platforms.campus.moodle.parameters import Value


def value(answer: Value, *, as_json: bool) -> Response:
    if as_json:
        return _json(answer)
    return _xml(f"<RESPONSE>\n{_element(answer)}</RESPONSE>\n")


def error(problem: MoodleError, *, as_json: bool) -> Response:
    record = problem.record()
    if as_json:
        return _json(dict(record))
    code = f"<ERRORCODE>{escape(problem.code)}</ERRORCODE>\n" if problem.code else ""
    return _xml(
        f"<EXCEPTION class={quoteattr(problem.name)}>\n{code}"
        f"<MESSAGE>{escape(str(problem))}</MESSAGE>\n</EXCEPTION>\n"
    )


def login_error(problem: MoodleError) -> Response:
    """login/token.php has a form of its own, with 200 too."""
    return _json(
        {
            "error": str(problem),
            "errorcode": problem.code,
            "stacktrace": None,
            "debuginfo": None,
            "reproductionlink": None,
        }
    )


def _json(answer: Value) -> Response:
    body = json.dumps(answer, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/")
    return Response(body, media_type="application/json; charset=utf-8")


def _xml(body: str) -> Response:
    text = f'<?xml version="1.0" encoding="UTF-8" ?>\n{body}'
    return Response(text, media_type="application/xml; charset=utf-8")


def _element(answer: Value) -> str:
    if isinstance(answer, list):
        return f"<MULTIPLE>\n{''.join(_element(item) for item in answer)}</MULTIPLE>\n"
    if isinstance(answer, dict):
        keys = "".join(
            f"<KEY name={quoteattr(name)}>{_element(item)}</KEY>\n" for name, item in answer.items()
        )
        return f"<SINGLE>\n{keys}</SINGLE>\n"
    if answer is None:
        return '<VALUE null="null"/>'
    return (
        f"<VALUE>{escape(str(int(answer)) if isinstance(answer, bool) else str(answer))}</VALUE>\n"
    )
