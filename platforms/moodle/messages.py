"""Write to people inside Moodle, each once: a blind second try would send twice."""

from collections.abc import Sequence

from platforms.base import N_, PlatformError
from platforms.moodle import people
from platforms.moodle.calls import Calls

LONGEST = 4096  # bytes
TOGETHER = 200  # messages a call, at four parameters each
PLAIN = 2  # textformat


def notify(calls: Calls, external_ids: Sequence[str], text: str) -> dict[str, bool]:
    """Whom the message reached. Accounts that are gone or suspended are not written to.

    Moodle throws for one recipient that does not exist, after it has sent to
    the others; and for a suspended one it says that all went well.
    """
    size = len(text.encode())
    if not 1 <= size <= LONGEST:
        raise PlatformError(
            N_("A message in Moodle has 1 to {longest} bytes; this one has {size}. Shorten it."),
            {"longest": LONGEST, "size": size},
            permanent=True,
            code="length",
        )
    reached = dict.fromkeys(external_ids, False)
    present = people.suspended(calls, list(reached))
    active = [id_ for id_ in reached if present.get(id_) is False]
    for start in range(0, len(active), TOGETHER):
        try:
            sent = _send(calls, active[start : start + TOGETHER], text)
        except PlatformError as error:
            error.unsure |= start > 0 or error.code == "formatnotsupported"
            raise
        reached |= dict.fromkeys(sent, True)
    return reached


def _send(calls: Calls, external_ids: Sequence[str], text: str) -> list[str]:
    function = "core_message_send_instant_messages"
    messages = [
        {"touserid": id_, "text": text, "textformat": PLAIN, "clientmsgid": id_}
        for id_ in external_ids
    ]
    answer = calls.write(function, {"messages": messages})
    try:
        rows = calls.rows(answer, function)
    except PlatformError as error:
        error.unsure = True
        raise
    return [
        str(row.get("clientmsgid"))
        for row in rows
        if isinstance(row.get("msgid"), int) and row["msgid"] > 0
    ]
