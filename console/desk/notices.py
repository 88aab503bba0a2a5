"""From an incident to the people it affects: a letter drawn up in every language, not yet sent."""

import re
from datetime import datetime

from console.desk import affected, incidents
from console.desk.incidents import Incident, IncidentError
from console.i18n import N_, _, say, speaking
from mailing import campaigns, segments
from mailing.model import SERVICE
from mailing.segments import Segment
from store import access, schools
from store.access import Actor
from store.db import Connection
from store.schools import LANGUAGES

MARKUP = re.compile(r"([\\`\[\]<>])")  # what would make a link, a picture or code of a name


def tell(tx: Connection, actor: Actor, incident_id: str, *, sender: str, now: datetime) -> str:
    """Draft a letter to those affected, to be looked over and sent; return the campaign's id.

    Told again, the draft is a new one: what was sent stays as it was.
    Raises IncidentError when nobody is known to be affected, MailingError for a
    sender that is none.
    """
    incident = incidents.get(tx, actor, incident_id)
    if incident is None:
        raise access.Denied
    access.require(actor, "write", incident.school_id)
    courses = _courses(tx, actor, incident, now)
    if not courses:
        raise IncidentError(N_("No running lesson stands on this. Choose the people yourself."))
    segment = Segment(courses=tuple(courses))
    campaign_id = campaigns.draft(
        tx,
        actor,
        incident.school_id,
        subject={language: _subject(incident, language) for language in LANGUAGES},
        body={language: _body(incident, language) for language in LANGUAGES},
        segment=segment,
        sender=sender,
        topic=SERVICE,
        incident_id=incident_id,
        now=now,
    )
    people = segments.audience(
        tx, actor, incident.school_id, segment, topic=SERVICE, now=now
    ).people
    incidents.told(tx, actor, incident_id, len(people), now=now)
    return campaign_id


def _courses(tx: Connection, actor: Actor, incident: Incident, now: datetime) -> list[str]:
    """The courses of the lessons that it hits, now or in a moment."""
    school = schools.get(tx, actor, incident.school_id)
    return sorted({hit.course_id for hit in affected.by_incident(tx, school, incident, now=now)})


def _subject(incident: Incident, language: str) -> str:
    with speaking(language):
        return _("Trouble with your lesson: {what}").format(what=_what(incident))


def _body(incident: Incident, language: str) -> str:
    with speaking(language):
        return "\n\n".join(
            [
                _("Dear {name},").format(name="{{ name }}"),
                _("something does not work right now: {what}.").format(
                    what=MARKUP.sub(r"\\\1", _what(incident))
                ),
                _("We are on it. You will hear from us as soon as it works again."),
            ]
        )


def _what(incident: Incident) -> str:
    """The title in one line; a room's name is what its teacher likes, and opens no field."""
    line = " ".join(say(incident.title, markdown=False).split())
    return re.sub(r"{(?={)", "{ ", line)
