"""core_message_send_instant_messages: each message succeeds or fails for itself, mostly."""

from collections.abc import Mapping

from platforms.campus.moodle.errors import MoodleError
from platforms.campus.moodle.parameters import ID, TEXT, Many, Param, Spec, Value, Values
from platforms.campus.moodle.site import Site
from platforms.campus.people import GUEST, Person

SEND: Mapping[str, Spec] = {
    "messages": Many(
        {
            "touserid": ID,
            "text": TEXT,
            "textformat": Param("int", 0),
            "clientmsgid": Param("text", None),
        },
        required=True,
    )
}
LONGEST = 4096  # bytes


def send_instant_messages(site: Site, caller: Person, values: Values) -> Value:
    """A recipient who does not exist makes the whole call fail - after the good ones went out."""
    answers: list[Value] = []
    given = values["messages"]
    nobody = False
    for message in given if isinstance(given, list) else []:
        if isinstance(message, dict) and message["touserid"] in site.accounts:
            answers.append(_send(site, caller, message))
        else:
            nobody = True
    if nobody:
        raise MoodleError("formatnotsupported")
    return answers


def _send(site: Site, caller: Person, message: Values) -> Value:
    recipient, text = int(str(message["touserid"])), str(message["text"])
    problem = ""
    if len(text.encode()) > LONGEST:
        problem = "The message you are trying to send is too long."
    elif recipient == GUEST:
        problem = "The user is not allowed to receive your messages."
    answer: Values = {"msgid": -1, "errormessage": problem}
    if not problem:
        sent = site.send(caller.id, recipient, text)
        answer = {
            "msgid": sent.id,
            "text": f"<p>{text}</p>",
            "timecreated": int(sent.sent.timestamp()),
            "conversationid": recipient,
            "useridfrom": caller.id,
            "candeletemessagesforallusers": False,
        }
    if message["clientmsgid"] is not None:
        answer["clientmsgid"] = message["clientmsgid"]
    return answer
