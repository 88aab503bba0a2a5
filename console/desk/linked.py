"""Link an account to a person, with all that hung on whoever was nothing but that account."""

from datetime import datetime

from store import linking
from store.access import Actor
from store.db import Connection, text

# The database removes what hangs on a person together with her: so it is moved before.
BROUGHT = (
    # The person's own number stands before the one noted for the account.
    """
    UPDATE reach SET person_id = :after WHERE person_id = :before
      AND NOT EXISTS (SELECT 1 FROM reach AS own WHERE own.person_id = :after)
    """,
    """
    UPDATE age SET person_id = :after WHERE person_id = :before
      AND NOT EXISTS (SELECT 1 FROM age AS own WHERE own.person_id = :after)
    """,
    "UPDATE delivery SET person_id = :after WHERE person_id = :before",
    """
    UPDATE telling SET person_id = :after WHERE person_id = :before AND NOT EXISTS (
        SELECT 1 FROM telling AS own WHERE own.person_id = :after
          AND own.campaign_id = telling.campaign_id AND own.way = telling.way)
    """,
    "UPDATE measure SET person_id = :after WHERE person_id = :before",
)


def link(tx: Connection, actor: Actor, account_id: str, person_id: str, *, now: datetime) -> None:
    """This account is theirs, whatever platforms list later. Raises LinkError when it is already.

    Whoever had it and is known by nothing else goes; her phone, parents, mail, age and measures
    come along.
    """
    linking.link(tx, actor, account_id, person_id, bring=_bring, now=now)


def _bring(tx: Connection, before: str, after: str) -> None:
    for sql in BROUGHT:
        tx.execute(text(sql), {"before": before, "after": after})
