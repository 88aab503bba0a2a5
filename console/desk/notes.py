"""Write a word to somebody that counts as nothing: by mail, else by their platform's message."""

from datetime import datetime

from console.desk import letter_ways, measure_letter_words, measure_letters
from console.desk.letter_ways import Way
from moderation import uncounted
from moderation.model import Adapters, ModerationError, Subject
from store import access
from store.access import Actor
from store.db import Connection, Database
from store.schools import School
from store.words import N_

LONGEST = 2000  # characters
EMPTY = N_("Write what they should read.")


def way(
    db: Database,
    actor: Actor,
    school_id: str,
    about: Subject,
    adapters: Adapters,
    *,
    mails: bool,
) -> Way | None:
    """The one that would be taken, mail first where a relay is set; None where nothing reaches."""
    access.require(actor, "moderate", school_id)
    found = letter_ways.of(db, actor, school_id, about, adapters)
    return next((each for each in found if mails or each.way != "mail"), None)


def write(
    tx: Connection,
    actor: Actor,
    school: School,
    about: Subject,
    said: str,
    by: Way | None,
    *,
    case_id: str | None = None,
    now: datetime,
) -> str:
    """Keep it to be sent with the next letters; return its id. Raises ModerationError."""
    access.require(actor, "moderate", school.id)
    if not said.strip():
        raise ModerationError(EMPTY)
    if by is None:
        raise ModerationError(letter_ways.NO_WAY)
    note_id = uncounted.note(tx, actor, school.id, about, case_id=case_id, now=now)
    reader = measure_letters.reader_of(tx, actor, school, about)
    told = measure_letter_words.note(school, said[:LONGEST], reader)
    letter_ways.keep(tx, school.id, note_id, "note", by, told, now=now)
    return note_id
