"""Tell whose account it is: one person by e-mail address within a school, else by account."""

from collections.abc import Mapping

from store.db import Connection, new_id, text


def persons(
    tx: Connection, school_id: str, known: Mapping[str, str], emails: Mapping[str, str]
) -> dict[str, str]:
    """The person's id for each account of `emails`, some of them new.

    `known`: the persons that accounts had so far; `emails`: each account's
    address, normal (store.addresses) or empty. Whoever has one account alone
    keeps it when its address changes, unless another person has the new one.
    """
    rows = tx.execute(
        text("""
            SELECT person.id, person.email, COUNT(account.id) AS accounts
            FROM person
            LEFT JOIN platform_account AS account
              ON account.person_id = person.id AND NOT account.gone
            WHERE person.school_id = :school
            GROUP BY person.id, person.email
        """),
        {"school": school_id},
    ).all()
    by_email = {row.email: str(row.id) for row in rows if row.email}
    kept = {str(row.id): (str(row.email), int(row.accounts)) for row in rows}
    found: dict[str, str] = {}
    for account, email in emails.items():
        own = known.get(account, "")
        address, accounts = kept.get(own, ("", 0))
        if email in by_email:
            chosen = by_email[email]
        elif own and (not email or not address or accounts <= 1):
            chosen = own
            if email and by_email.get(address) == own:
                del by_email[address]  # free for another now
        else:
            chosen = new_id()
        if email:
            by_email[email] = chosen
        found[account] = chosen
    return found
