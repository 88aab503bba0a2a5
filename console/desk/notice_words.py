"""What a notice says: what fails, since when, who is affected, what to try; or that it is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.desk import alarms, alerting
from console.desk.incidents import Incident
from console.i18n import _, labelled, moment, number, say, span, speaking
from probes import alerts
from store.schools import School
from store.words import Words

LONGEST_SUBJECT = 150  # characters


@dataclass(frozen=True)
class Cause:
    """What stands behind an incident, where it is a target: why it fails, and its runbook."""

    why: Words | None = None
    runbook: str = ""
    advice: Words | None = None  # ours, where nobody can have written a runbook
    ended: Words | None = None  # how it is over, where it is not that it works again


@dataclass(frozen=True)
class Told:
    subject: str
    body: str


def trouble(
    school: School, incident: Incident, cause: Cause, language: str, *, again: bool, now: datetime
) -> Told:
    with speaking(language):
        what = _line(incident)
        since = moment(incident.opened_at, school.zone, now=now)
        lines = {
            _("What"): what,
            _("Why"): say(cause.why, markdown=False),
            _("Since"): f"{since} ({span(now - incident.opened_at)})",
            _("Who is affected"): _affected(incident),
            _("What to try"): cause.runbook.strip()
            or say(cause.advice, markdown=False)
            or _("No runbook is kept for this service. Call the technicians."),
            _("Who has it"): _nobody(incident),
        }
        head = _("Still: {what}") if again else "{what}"
        return Told(_subject(school, head.format(what=what)), _body(lines))


def recovery(
    school: School, incident: Incident, cause: Cause, language: str, *, now: datetime
) -> Told:
    with speaking(language):
        what, until = _line(incident), incident.recovered_at or incident.closed_at or now
        lines = {
            _("What"): what,
            _("It was so"): _("from {since} to {until} ({span})").format(
                since=moment(incident.opened_at, school.zone, now=now),
                until=moment(until, school.zone, now=now),
                span=span(max(until - incident.opened_at, timedelta(0))),
            ),
            _("How it ended"): say(cause.ended, markdown=False),
        }
        unwatched = cause.ended is not None and cause.ended.template == alerts.REMOVED
        head = _("No longer watched: {what}") if unwatched else _("Over: {what}")
        return Told(_subject(school, head.format(what=what)), _body(lines))


def trial(school: School, language: str) -> Told:
    with speaking(language):
        said = _("This is a trial. When something fails, you are told here.")
        return Told(_subject(school, _("Trial")), said)


def _nobody(incident: Incident) -> str:
    if alarms.is_welfare(incident):
        return _("Nobody yet. Acknowledge the alarm in Pult, and this is not repeated.")
    return _("Nobody yet. Take the incident in Pult, and this is not repeated.")


def _affected(incident: Incident) -> str:
    if alarms.is_welfare(incident) or alerting.advice(incident):
        return ""  # nobody should be named, or nobody knows
    if not incident.affected:
        return _("Nobody that is known of: no lesson runs on it now.")
    people = number(incident.affected)
    return _("About {people} people, in lessons that run now").format(people=people)


def _line(incident: Incident) -> str:
    """The title in one line: a target's name is whatever somebody wrote."""
    return " ".join(say(incident.title, markdown=False).split())


def _subject(school: School, said: str) -> str:
    whole = " ".join(f"[{school.name}] {said}".split())
    return whole if len(whole) <= LONGEST_SUBJECT else whole[: LONGEST_SUBJECT - 1] + "…"


def _body(lines: Mapping[str, str]) -> str:
    return "\n".join(labelled(name, said) for name, said in lines.items() if said)
