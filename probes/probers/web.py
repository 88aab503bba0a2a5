"""What every prober of the web asks of an answer."""

from probes.model import ProbeFailed, Reading
from probes.probers.base import Answer
from store.words import N_

PHASES = ("resolve", "connect", "tls", "first byte", "total")


def require_answer(answer: Answer, *, partial: bool = False) -> None:
    """Raise ProbeFailed unless a whole answer with status 200 came; a `partial` one with 206."""
    if answer.error is not None:
        raise ProbeFailed(answer.error.template, answer.error.params)
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
    coding = answer.headers.get("content-encoding", "identity").lower()
    if coding != "identity":
        raise ProbeFailed(
            N_("It answers compressed ({coding}), which was not asked for."),
            {"coding": coding[:40]},
        )


def phases(answer: Answer) -> tuple[Reading, ...]:
    """The phases of the request as readings, each in seconds of its own."""
    return tuple([Reading(name, round(took, 6), "s") for name, took in answer.phases.items()])
