"""What Amazon SES tells of a mail through a topic of SNS: bounces, complaints, deliveries.

"Amazon SNS notification contents for Amazon SES" of its developer guide; event publishing says
the same with `eventType`. SES gives each mail a Message-ID of its own, so that a mail is known
by the return path (`source`), or by the headers where they are included.
"""

from collections.abc import Iterator
from typing import Any

from mailing import bounces, sns
from mailing.hook_parts import (
    EVENTS,
    Delivery,
    Event,
    Posted,
    Unreadable,
    as_object,
    event,
    once,
    parsed,
    value,
)
from mailing.reports import DIAGNOSTIC, STATUS, Action, Report
from mailing.sns import Amazon
from store.words import N_

# It was not even tried: the address stands on a list of Amazon's, which says nothing of today.
LISTED = ("Suppressed", "OnAccountSuppressionList")
GIVEN_UP = "4.0.0"  # what SES calls transient is never for good, whatever stands beside it


def read(posted: Posted, amazon: Amazon) -> Delivery:
    """Raises Forged, Unreadable, Early. A topic that begins is confirmed on the way."""
    topic = sns.topic(posted.secret)
    message = sns.opened(amazon, topic, posted.body, now=posted.now)
    if message.kind == "SubscriptionConfirmation":
        amazon.confirm(topic, message.token)
    if message.kind != "Notification":
        return Delivery(once(message.id), ())
    told = parsed(message.text)
    events = tuple(_events(told))
    if len(events) > EVENTS:
        raise Unreadable(N_("It tells of more than {most} recipients."), most=EVENTS)
    return Delivery(once(message.id), events)


def _events(told: dict[str, Any]) -> Iterator[Event]:
    kind = value(told, "notificationType") or value(told, "eventType")
    mail = as_object(told.get("mail"))
    named = (value(mail, "source"), _message_id(mail))
    if kind == "Bounce":
        bounce = as_object(told.get("bounce"))
        for one in _listed(bounce, "bouncedRecipients"):
            recipient = value(one, "emailAddress")
            yield event(recipient, *named, _report(recipient, bounce, one), "")
    if kind == "Complaint":
        complaint = as_object(told.get("complaint"))
        feedback = value(complaint, "complaintFeedbackType") or "abuse"
        for one in _listed(complaint, "complainedRecipients"):
            yield event(value(one, "emailAddress"), *named, None, feedback)


def _report(recipient: str, bounce: dict[str, Any], one: dict[str, Any]) -> Report:
    """Dead is what our own table says; transient without any answer may be an absence note."""
    kind, subtype = value(bounce, "bounceType"), value(bounce, "bounceSubType")
    said = value(one, "diagnosticCode").removeprefix("smtp;").strip()[:DIAGNOSTIC]
    found = STATUS.fullmatch(value(one, "status"))
    status = found[0] if found else bounces.enhanced(said)
    action: Action = "failed"
    if kind != "Permanent":
        told = said or status or subtype not in ("", "General", "Undetermined")
        action = "failed" if told else "delayed"
        status = GIVEN_UP if bounces.is_dead(status, said) else status
    elif subtype in LISTED:
        status = ""
    elif subtype == "NoEmail":
        status = status or "5.1.1"
    return Report(recipient, action, status, said or subtype)


def _message_id(mail: dict[str, Any]) -> str:
    """The mail's own, which SES tells only among the headers that it replaced."""
    named = (
        value(each, "value")
        for each in _listed(mail, "headers")
        if value(each, "name").lower() == "message-id"
    )
    return next(named, "") or value(as_object(mail.get("commonHeaders")), "messageId")


def _listed(fields: dict[str, Any], name: str) -> list[dict[str, Any]]:
    listed = fields.get(name)
    return [as_object(each) for each in listed] if isinstance(listed, list) else []
