"""Every alert that a school ever had, open or closed, the newest first."""

from probes.alerts import Alert, alert_of
from store.db import Connection, text


def alerts_ever(tx: Connection, school_id: str) -> list[Alert]:
    rows = tx.execute(
        text("SELECT * FROM alert WHERE school_id = :school ORDER BY since DESC, id"),
        {"school": school_id},
    )
    return [alert_of(row) for row in rows]
