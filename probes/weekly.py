"""Maintenance that comes back every week, at the same time by the school's clock."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from probes.windows import Window
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import N_, Refusal

DAY = timedelta(days=1)
LONGEST = DAY


class RuleError(Refusal):
    """The rule describes no time."""


@dataclass(frozen=True)
class Rule:
    """`weekdays`: 0 is Monday; `starts` is the school's local time."""

    id: str
    school_id: str
    target_id: str
    weekdays: tuple[int, ...]
    starts: time
    length: timedelta
    reason: str
    zone: ZoneInfo

    def window(self, now: datetime) -> Window | None:
        """The time in which it runs at `now`, if it does."""
        today = now.astimezone(self.zone).date()
        for day in (today, today - DAY):  # yesterday's may last past midnight
            since = datetime.combine(day, self.starts, self.zone).astimezone(UTC)
            if day.weekday() in self.weekdays and since <= now < since + self.length:
                return Window(
                    self.id, self.school_id, self.target_id, "maintenance",
                    since, since + self.length, self.reason, "",
                )  # fmt: skip
        return None


def add(
    tx: Connection,
    actor: Actor,
    target_id: str,
    *,
    weekdays: Collection[int],
    starts: time,
    length: timedelta,
    reason: str,
    now: datetime,
) -> str:
    """Show the target as under maintenance at that time of those days. Raises RuleError."""
    school_id = _school_of(tx, "target", target_id)
    access.require(actor, "steer", school_id)
    days = sorted({day for day in weekdays if 0 <= day <= 6})
    if not days or not timedelta(0) < length <= LONGEST:
        raise RuleError(N_("Choose at least one day, and a time of at most 24 hours."))
    rule_id = new_id()
    tx.execute(
        text("""
            INSERT INTO maintenance_rule (id, school_id, target_id, weekdays, starts_minute,
                minutes, reason, account_id, created_at)
            VALUES (:id, :school, :target, :days, :starts, :minutes, :reason, :account, :now)
        """),
        {
            "id": rule_id,
            "school": school_id,
            "target": target_id,
            "days": "".join(map(str, days)),
            "starts": starts.hour * 60 + starts.minute,
            "minutes": int(length.total_seconds() // 60),
            "reason": reason.strip(),
            "account": actor.account_id,
            "now": now,
        },
    )
    audit.record(tx, actor, "add maintenance rule", target_id, school_id=school_id, now=now)
    return rule_id


def end(tx: Connection, actor: Actor, rule_id: str, *, now: datetime) -> None:
    """The rule holds no more, also if it runs just now."""
    school_id = _school_of(tx, "maintenance_rule", rule_id)
    access.require(actor, "steer", school_id)
    tx.execute(text("DELETE FROM maintenance_rule WHERE id = :id"), {"id": rule_id})
    audit.record(tx, actor, "end maintenance rule", rule_id, school_id=school_id, now=now)


def of(tx: Connection, actor: Actor, school_id: str) -> list[Rule]:
    """The school's rules, by target and time."""
    access.require(actor, "see", school_id)
    return [rule for rule in _all(tx) if rule.school_id == school_id]


def running(tx: Connection, actor: Actor, *, now: datetime) -> list[Window]:
    """What the rules make of now, in every school of the actor's scope."""
    return [
        window
        for rule in _all(tx)
        if access.may(actor, "see", rule.school_id) and (window := rule.window(now)) is not None
    ]


def _all(tx: Connection) -> list[Rule]:
    rows = tx.execute(
        text("""
            SELECT maintenance_rule.*, school.time_zone FROM maintenance_rule
            JOIN school ON school.id = maintenance_rule.school_id
            ORDER BY target_id, starts_minute, maintenance_rule.id
        """)
    )
    return [_rule(row) for row in rows]


def _rule(row: Row[Any]) -> Rule:
    hours, minutes = divmod(row.starts_minute, 60)
    return Rule(
        row.id,
        row.school_id,
        row.target_id,
        tuple(map(int, row.weekdays)),
        time(hours, minutes),
        timedelta(minutes=row.minutes),
        row.reason,
        ZoneInfo(row.time_zone),
    )


def _school_of(tx: Connection, table: str, row_id: str) -> str:
    row = tx.execute(text(f"SELECT school_id FROM {table} WHERE id = :id"), {"id": row_id}).first()
    return str(row.school_id) if row else ""
