"""Who is a minor: by the day of birth, else by a mark; of students, that nobody said is one."""

import re
from datetime import date, datetime

from mailing.model import MailingError
from store import access
from store.access import Actor
from store.db import Connection, text
from store.words import N_

OF_AGE = 18  # years
OLDEST = 1900  # year of birth
ISO = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ].*)?")
DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?: .*)?")
MARKS = {
    **dict.fromkeys(("yes", "y", "true", "1", "minor", "да", "несовершеннолетний", "是"), "yes"),
    **dict.fromkeys(("no", "n", "false", "0", "adult", "нет", "совершеннолетний", "否"), "no"),
}
# `ward` is a row of person, `age` hers or NULL; :of_age_since the latest birth that is of age.
OF_AGE_NOW = """(ward.role <> 'student' OR age.born <> '' AND age.born <= :of_age_since
    OR age.born = '' AND age.minor = 'no')"""
UNKNOWN_NOW = """(ward.role = 'student'
    AND (age.person_id IS NULL OR age.born = '' AND age.minor = ''))"""


def born(written: str) -> str:
    """A day of birth in ISO form, or ''. Raises MailingError for what is none."""
    given = written.strip()
    if not given:
        return ""
    whole, dotted = ISO.fullmatch(given), DAY_FIRST.fullmatch(given)
    parts = whole.groups() if whole else dotted.groups()[::-1] if dotted else ()
    try:
        found = date(*(int(each) for each in parts)) if parts else None
    except ValueError:
        found = None
    if found is None or found.year < OLDEST:
        raise MailingError(
            N_("“{born}” is no day of birth. Write it like {example}."),
            born=given[:40],
            example="2011-05-30",
        )
    return found.isoformat()


def minor(written: str) -> str:
    """yes, no or ''. Raises MailingError for what is neither."""
    given = written.strip().casefold()
    if given and given not in MARKS:
        raise MailingError(
            N_("“{value}” does not say whether they are a minor. Write yes or no."),
            value=written.strip()[:40],
        )
    return MARKS.get(given, "")


def bring(
    tx: Connection,
    actor: Actor,
    school_id: str,
    person_id: str,
    *,
    born: str,
    minor: str,
    now: datetime,
) -> None:
    """Keep what a table says, in the forms above; empty values leave what is known."""
    access.require(actor, "write", school_id)
    tx.execute(
        text("""
            INSERT INTO age (person_id, school_id, born, minor, changed_at)
            SELECT id, school_id, :born, :minor, :now FROM person
            WHERE id = :id AND school_id = :school
            ON CONFLICT (person_id) DO UPDATE SET
                born = COALESCE(NULLIF(excluded.born, ''), age.born),
                minor = COALESCE(NULLIF(excluded.minor, ''), age.minor),
                changed_at = excluded.changed_at
        """),
        {"id": person_id, "school": school_id, "born": born, "minor": minor, "now": now},
    )


def of_age_since(today: date) -> str:
    """Whoever was born then or before is of age today; of a 29th of February, on the 1st of March.

    In ISO form, which sorts as days do.
    """
    return f"{today.year - OF_AGE:04d}-{today:%m-%d}"
