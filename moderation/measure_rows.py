"""Write a measure down: one row, and one for each account that it is about."""

from collections.abc import Iterable, Mapping

from store.db import Connection, text

Account = tuple[str, str]  # connection, external id


def insert(tx: Connection, values: Mapping[str, object], accounts: Iterable[Account]) -> None:
    """The caller has checked who may."""
    tx.execute(
        text("""
            INSERT INTO measure (id, school_id, person_id, kind, reason, rule, until, case_id,
                                 imposed_by, imposed_at, lift_reason)
            VALUES (:id, :school, :person, :kind, :reason, :rule, :until, :case, :account, :now, '')
        """),
        dict(values),
    )
    for connection_id, external_id in accounts:
        tx.execute(
            text("""
                INSERT INTO measure_account (measure_id, school_id, connection_id, external_id)
                VALUES (:id, :school, :connection, :external)
            """),
            {
                "id": values["id"],
                "school": values["school"],
                "connection": connection_id,
                "external": external_id,
            },
        )


def lifted(tx: Connection, measure_id: str) -> bool:
    """Whether it was lifted, or another took its place."""
    row = tx.execute(text("SELECT lifted_at FROM measure WHERE id = :id"), {"id": measure_id}).one()
    return row.lifted_at is not None
