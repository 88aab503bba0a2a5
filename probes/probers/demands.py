"""What a page's answer must hold: its headers, its words, its patterns, its JSON, its size.

Patterns are RE2's (https://github.com/google/re2/wiki/Syntax): linear in whatever a stranger sends.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

from probes.model import ProbeFailed, Reading, State, Target
from probes.probers import conditions, json_conditions
from probes.probers.fetching import Answer
from probes.probers.settable import Condition
from probes.probers.web import require_plain, text_of
from store.words import N_, Words

CONTAINS = Condition("contains", "", N_("What the page must contain"))
LACKS = Condition("lacks", "", N_("What the page must not contain"))
MATCHES = Condition("matches", "", N_("A regular expression (RE2) that the page must match"))
LACKS_MATCH = Condition("lacks_match", "", N_("A regular expression that it must not match"))
HEADER_MATCHES = Condition(
    "header_matches",
    "",
    N_("What headers of the answer must match, one a line: Content-Type: ^text/html"),
    lines=True,
)
HEADER_LACKS = Condition(
    "header_lacks",
    "",
    N_("What no header of the answer may match, one a line: Server: nginx/1"),
    lines=True,
)
JSON = Condition(
    "json", "", N_("What its JSON must hold, one condition a line: [BODY].status == ok"), lines=True
)
LARGEST = Condition("largest", 1.0, N_("Megabytes that the page may have"), least=0.001, most=16.0)
CONDITIONS = (
    CONTAINS, LACKS, MATCHES, LACKS_MATCH, HEADER_MATCHES, HEADER_LACKS, JSON, LARGEST,
)  # fmt: skip
SHOWN = 100  # letters of a header

Demand = tuple[str, str]  # a header's name and its pattern


def any_of(target: Target) -> bool:
    """Whether the module asks anything of the answer but its status."""
    return any(conditions.words(target, each) for each in CONDITIONS if each is not LARGEST)


def require(target: Target, answer: Answer) -> tuple[Reading, ...]:
    """What its JSON reads. Raises ProbeFailed for the first demand that is not met."""
    _require_headers(target, answer)
    wanted = [conditions.words(target, each) for each in (CONTAINS, LACKS, MATCHES, LACKS_MATCH)]
    written = conditions.words(target, JSON)
    if not (any(wanted) or written):
        return ()
    require_plain(answer)
    body = text_of(answer)
    if answer.cut:
        raise _cut(target, body, wanted)
    _require_words(body, *wanted)
    return json_conditions.judge(body, json_conditions.parse(written)) if written else ()


def _cut(target: Target, body: str, wanted: list[str]) -> ProbeFailed:
    """Of a page that was not read to its end: what stands in its beginning is wrong, or nothing
    is known."""
    _contains, lacks, _matches, lacks_match = wanted
    try:
        _require_words(body, "", lacks, "", lacks_match)
    except ProbeFailed as failed:
        return failed
    return ProbeFailed(
        N_("The page is longer than {megabytes} MB (largest): what it must hold is not known."),
        {"megabytes": conditions.number(target, LARGEST)},
        state=State.SUSPECT,
    )


def refuse(target: Target) -> Words | None:
    try:
        json_conditions.parse(conditions.words(target, JSON))
    except ValueError as error:
        return Words(
            N_("{condition} cannot be read; write it like [BODY].status == ok."),
            {"condition": str(error)},
        )
    patterns = [conditions.words(target, each) for each in (MATCHES, LACKS_MATCH)]
    for each in (HEADER_MATCHES, HEADER_LACKS):
        patterns += [pattern for _name, pattern in _demands(conditions.words(target, each))]
    for pattern in patterns:
        try:
            _compiled(pattern)
        except re2.error:
            return Words(N_("{pattern} is no regular expression (RE2)."), {"pattern": pattern})
    return None


def _require_headers(target: Target, answer: Answer) -> None:
    for name, pattern in _demands(conditions.words(target, HEADER_MATCHES)):
        value = answer.headers.get(name.lower())
        if value is None:
            raise ProbeFailed(N_("The answer has no header {name}."), {"name": name})
        if not _compiled(pattern).search(value):
            raise ProbeFailed(
                N_("The header {name} is “{value}”, which does not match “{pattern}”."),
                {"name": name, "value": value[:SHOWN], "pattern": pattern},
            )
    for name, pattern in _demands(conditions.words(target, HEADER_LACKS)):
        value = answer.headers.get(name.lower())
        if value is not None and _compiled(pattern).search(value):
            raise ProbeFailed(
                N_("The header {name} is “{value}”, which it must not be."),
                {"name": name, "value": value[:SHOWN]},
            )


def _require_words(body: str, contains: str, lacks: str, matches: str, lacks_match: str) -> None:
    if contains and contains not in body:
        raise ProbeFailed(N_("The page does not contain “{words}”."), {"words": contains})
    if lacks and lacks in body:
        raise ProbeFailed(N_("The page contains “{words}”."), {"words": lacks})
    if matches and not _compiled(matches).search(body):
        raise ProbeFailed(N_("The page does not match “{pattern}”."), {"pattern": matches})
    if lacks_match and _compiled(lacks_match).search(body):
        raise ProbeFailed(N_("The page matches “{pattern}”."), {"pattern": lacks_match})


def _demands(written: str) -> Iterator[Demand]:
    """A line without a pattern speaks of the header whatever it says."""
    for line in filter(None, map(str.strip, written.splitlines())):
        name, _colon, pattern = line.partition(":")
        yield name.strip(), pattern.strip()


@lru_cache
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
