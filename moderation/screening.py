"""Screen NDJSON: `{"id","text"}` a line in, `{"id","flags":[...]}` a line out."""

import json
from collections.abc import Iterable
from typing import Any, TextIO

from moderation.filters import Rules, screen
from moderation.model import ModerationError
from store.words import N_

DONE, WRONG_USE = 0, 2  # exit codes
BAD_LINE = N_("Line {line} is not an object like {example}: {problem}.")
EXAMPLE = '{"id": "1", "text": "..."}'


class LineError(ModerationError):
    """A line of the input cannot be read; the message names it."""


def run(rules: Rules, lines: Iterable[str], out: TextIO, errors: TextIO) -> int:
    """Screen each line as it comes; return the exit code, 2 after a line that cannot be read."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            given = _read(line, number)
        except LineError as error:
            print(error, file=errors)
            return WRONG_USE
        print(json.dumps(_answer(rules, given), ensure_ascii=False), file=out, flush=True)
    return DONE


def _answer(rules: Rules, given: dict[str, Any]) -> dict[str, Any]:
    flags = [
        {"rule": flag.rule, "term": flag.term, "start": flag.start, "end": flag.end}
        for flag in screen(rules, given["text"])
    ]
    return {"id": given["id"], "flags": flags}


def _read(line: str, number: int) -> dict[str, Any]:
    try:
        given = json.loads(line)
    except ValueError as error:
        raise _bad(number, str(error)) from error
    if not isinstance(given, dict) or "id" not in given:
        raise _bad(number, '"id" is missing')
    if not isinstance(given.get("text"), str):
        raise _bad(number, '"text" is missing, or is no string')
    return given


def _bad(number: int, problem: str) -> LineError:
    return LineError(BAD_LINE, line=number, example=EXAMPLE, problem=problem)
