"""Put into restored databases what the replaced ones knew of mail: nobody gets any twice, and
nobody who said no.

What stands in the backup stays, unless a later word about the same mail was written down.
"""

from collections.abc import Mapping, Sequence
from typing import IO, Any

from sqlalchemy import Inspector, inspect

from console.desk.remembering import ENDS, Told, told
from mailing import erased, sums
from store.db import Connection, execute_many, text

AT_ONCE = 1000  # ids of one question


def apply(tx: Connection, remembered: IO[str]) -> None:
    """Settle the mails whose end is known, bring back what began since, and each no.

    What had not left waits once more, in a campaign that is paused until somebody sends it on.
    """
    looked = inspect(tx)
    there = set(looked.get_table_names())  # a backup may be older
    summed = "reduced_at" in {each["name"] for each in looked.get_columns("campaign")}
    keys: dict[str, object] = {}
    for part in told(remembered):
        if part.name == ENDS:
            _settle(tx, part, summed=summed)
        elif part.name in there:
            if part.name == "campaign":
                _away_with_drafts(tx, part)
            elif part.name == "erasing_key":
                keys = {str(row["school_id"]): row["key"] for row in _named(part)}
            erasing = "erased_address" in there
            _add(tx, looked, _welcome(tx, part, keys) if erasing else part)
    tx.execute(
        text("""
            UPDATE campaign SET state = 'paused' WHERE state = 'released'
              AND EXISTS (SELECT 1 FROM delivery
                          WHERE delivery.campaign_id = campaign.id AND delivery.state = 'due')
        """)
    )


def _settle(tx: Connection, part: Told, *, summed: bool) -> None:
    """The later word about a mail stands; what is held in the backup is told by any.

    `summed`: the backup is of a Pult that keeps sums as this one does.
    """
    rows = [*_named(part)]
    execute_many(
        tx,
        """
            UPDATE delivery SET state = ?, reply = ?, attempt = ?, next_at = ?, updated_at = ?
            WHERE id = ? AND (state = 'held' OR updated_at < ?)
        """,
        [
            (
                row["state"], row["reply"], row["attempt"], row["next_at"], row["updated_at"],
                row["id"], row["updated_at"],
            )
            for row in rows
        ],
    )  # fmt: skip
    for campaign_id in {str(row["campaign_id"]) for row in rows} if summed else ():
        sums.forget(tx, campaign_id)


def _away_with_drafts(tx: Connection, part: Told) -> None:
    """What was a draft when the backup was made, and began since: whoever released it has."""
    drafts = [(row["id"],) for row in _named(part)]
    execute_many(tx, "DELETE FROM campaign WHERE id = ? AND state = 'draft'", drafts)


def _welcome(tx: Connection, part: Told, keys: Mapping[str, object]) -> Told:
    """The rows that mean here what they meant there.

    A hash means nothing under another key, and of an address that is erased here nothing is
    written in the clear again.
    """
    rows = [*zip(part.rows, _named(part), strict=True)]
    if part.name == "erased_address":
        known = tx.execute(text("SELECT school_id, key FROM erasing_key")).all()
        same = {row.school_id for row in known if keys.get(row.school_id) == row.key}
        return Told(part.name, part.columns, [r for r, named in rows if named["school_id"] in same])
    if part.name != "suppression":
        return part
    gone: set[tuple[object, object]] = set()
    for school_id in {str(named["school_id"]) for _, named in rows}:
        emails = [str(named["email"]) for _, named in rows if named["school_id"] == school_id]
        gone |= {(school_id, email) for email in erased.erased_among(tx, school_id, emails)}
    return Told(
        part.name,
        part.columns,
        [row for row, named in rows if (named["school_id"], named["email"]) not in gone],
    )


def _add(tx: Connection, looked: Inspector, part: Told) -> None:
    """Rows that are not there yet, whose school, campaign or person is."""
    known = {each["name"] for each in looked.get_columns(part.name)}
    columns = [name for name in part.columns if name in known]
    rows = [*_named(part)]
    for key in looked.get_foreign_keys(part.name):
        (column,) = key["constrained_columns"]
        there = _there(tx, key["referred_table"], [row[column] for row in rows])
        rows = [row for row in rows if row[column] in there]
    if rows:
        execute_many(
            tx,
            f"INSERT INTO {part.name} ({', '.join(columns)}) "
            f"VALUES ({', '.join('?' for _ in columns)}) ON CONFLICT DO NOTHING",
            [tuple(row[name] for name in columns) for row in rows],
        )


def _there(tx: Connection, table: str, ids: Sequence[object]) -> set[object]:
    found: set[object] = set()
    wanted = [*set(ids)]
    for start in range(0, len(wanted), AT_ONCE):
        values = {f"i{n}": id_ for n, id_ in enumerate(wanted[start : start + AT_ONCE])}
        named = ", ".join(f":{name}" for name in values)
        asked = text(f"SELECT id FROM {table} WHERE id IN ({named})")
        found |= {*tx.execute(asked, values).scalars()}
    return found


def _named(part: Told) -> list[dict[str, Any]]:
    return [dict(zip(part.columns, row, strict=True)) for row in part.rows]
