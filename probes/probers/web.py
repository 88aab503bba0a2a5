"""What every prober of the web asks of an answer."""

import re

from probes.model import ProbeFailed, Reading
from probes.probers.fetching import Answer
from store.words import N_

CHARSET = re.compile(r'charset\s*=\s*"?([A-Za-z0-9_.:-]+)', re.IGNORECASE)
CHARSETS = re.compile(
    r"utf-?(8|16|32)([-_]?[bl]e)?|(windows|cp)-?125\d|(iso-?)?8859-\d{1,2}|koi8-[ru]|us-ascii"
    r"|gbk|gb2312|gb18030|big5|shift_jis|euc-(jp|kr)",
    re.IGNORECASE,
)


def require_answer(answer: Answer, *, partial: bool = False) -> None:
    """Raise ProbeFailed unless a whole answer with status 200 came; a `partial` one with 206."""
    if answer.error is not None:
        raise ProbeFailed(answer.error.template, answer.error.params, slow=answer.late)
    if answer.status != 200 and not (partial and answer.status == 206):
        raise ProbeFailed(
            N_("It answers with status {status}; expected {expected}."),
            {"status": answer.status, "expected": "200"},
        )
    if answer.cut:
        raise ProbeFailed(
            N_("The answer is longer than {megabytes} MB, which nothing good is."),
            {"megabytes": round(answer.size / 1e6, 1)},
        )
    require_plain(answer)


def text_of(answer: Answer) -> str:
    """The body as text, by the charset that it says; UTF-8 where that is none of people's.

    Without the mark of the byte order that some write before it.
    """
    named = CHARSET.search(answer.headers.get("content-type", ""))
    charset = named[1] if named and CHARSETS.fullmatch(named[1]) else "utf-8"
    try:
        found = answer.body.decode(charset, "replace")
    except LookupError:
        found = answer.body.decode("utf-8", "replace")
    return found.removeprefix("\ufeff")


def require_plain(answer: Answer) -> None:
    """Raise ProbeFailed for a body that came compressed: nobody asked, it may be a bomb."""
    coding = answer.headers.get("content-encoding", "identity").lower()
    if coding != "identity":
        raise ProbeFailed(
            N_("It answers compressed ({coding}), which was not asked for."),
            {"coding": coding[:40]},
        )


def phases(answer: Answer) -> tuple[Reading, ...]:
    """The phases of the request as readings, each in seconds of its own."""
    return tuple([Reading(name, took, "s") for name, took in answer.phases.items()])
