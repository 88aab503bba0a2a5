"""Who decides a case that was handed on: a coordinator or an admin, and not who handed it on."""

from store.access import Role
from store.db import Connection, text
from store.words import N_

SENIOR: tuple[Role, ...] = ("coordinator", "admin")
NOBODY = N_("Nobody else here may decide what is handed on. Decide it yourself, or give it back.")

OTHERS = """
    SELECT 1 FROM account
    WHERE account.role IN ('coordinator', 'admin') AND NOT account.disabled
      AND account.id <> :account
      AND (account.every_school OR EXISTS (SELECT 1 FROM account_school AS own
          WHERE own.account_id = account.id AND own.school_id = {school}))
"""
# Binds `account` and `senior`. Who handed it on has it again once nobody else is left for it.
MINE = f"""
    (cases.handed_on_by IS NULL OR (:senior AND (
        cases.handed_on_by <> :account OR NOT EXISTS ({OTHERS.format(school="cases.school_id")}))))
"""


def others(tx: Connection, school_id: str, account_id: str) -> bool:
    """Whether anybody else may decide what this account hands on."""
    found = tx.execute(
        text(OTHERS.format(school=":school")), {"school": school_id, "account": account_id}
    )
    return found.first() is not None
