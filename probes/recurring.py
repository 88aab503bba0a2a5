"""Maintenance that comes back on its days, at the same time by the school's clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from probes import recurrence
from probes.recurrence import Recurrence, RuleError
from probes.windows import Window
from store import access, audit, schools
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import N_

DAY = timedelta(days=1)
LONGEST = 7 * DAY
AHEAD = 42 * DAY  # no rule lets more days pass


@dataclass(frozen=True)
class Rule:
    """It begins at `starts` by the school's clock, on no day after `last`.

    It ends so much later by the same clock: also when that is set meanwhile.
    """

    id: str
    school_id: str
    target_id: str
    days: Recurrence
    starts: time
    length: timedelta
    reason: str
    zone: ZoneInfo
    last: date | None = None

    def window(self, now: datetime) -> Window | None:
        """The time in which it runs at `now`, if it does."""
        today = now.astimezone(self.zone).date()
        for before in range(LONGEST // DAY + 1):  # what began then may last until now
            day = today - before * DAY
            since, until = self._times(day)
            if self._begins(day) and since <= now < until:
                return Window(
                    self.id, self.school_id, self.target_id, "maintenance",
                    since, until, self.reason, "",
                )  # fmt: skip
        return None

    def over(self, now: datetime) -> bool:
        """Whether it neither runs nor begins again."""
        oldest = now.astimezone(self.zone).date() - LONGEST
        days = (oldest + n * DAY for n in range((LONGEST + AHEAD) // DAY))
        return not any(self._begins(day) and now < self._times(day)[1] for day in days)

    def _begins(self, day: date) -> bool:
        return self.days.holds(day) and (self.last is None or day <= self.last)

    def _times(self, day: date) -> tuple[datetime, datetime]:
        """An hour that the clock shows twice is in it twice; one that it skips takes no more.

        What would begin in the skipped hour begins after it, and lasts as long as ever.
        """
        begin = datetime.combine(day, self.starts)
        end = begin + self.length
        since = self._moment(begin)
        if since.astimezone(self.zone).replace(tzinfo=None) != begin:
            return since, since + self.length
        return since, max(self._moment(end), self._moment(end.replace(fold=1)))

    def _moment(self, shown: datetime) -> datetime:
        """When the school's clock shows that."""
        return shown.replace(tzinfo=self.zone).astimezone(UTC)


def add(
    tx: Connection,
    actor: Actor,
    target_id: str,
    *,
    days: Recurrence,
    starts: time,
    length: timedelta,
    last: date | None = None,
    reason: str,
    now: datetime,
) -> str:
    """Show the target as under maintenance at that time of those days. Raises RuleError."""
    school_id = _school_of(tx, "target", target_id)
    access.require(actor, "steer", school_id)
    recurrence.read(str(days))
    if not timedelta(0) < length <= LONGEST:
        raise RuleError(N_("Choose a length of at most seven days."))
    rule_id, zone = new_id(), schools.get(tx, actor, school_id).zone
    if Rule(rule_id, school_id, target_id, days, starts, length, reason, zone, last).over(now):
        raise RuleError(N_("By its last day it never begins. Choose a later day, or none."))
    tx.execute(
        text("""
            INSERT INTO maintenance_rule (id, school_id, target_id, recurrence, last_day,
                starts_minute, minutes, reason, account_id, created_at)
            VALUES (:id, :school, :target, :days, :last, :starts, :minutes, :reason, :account,
                :now)
        """),
        {
            "id": rule_id,
            "school": school_id,
            "target": target_id,
            "days": str(days),
            "last": last.isoformat() if last else None,
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
        recurrence.read(row.recurrence),
        time(hours, minutes),
        timedelta(minutes=row.minutes),
        row.reason,
        ZoneInfo(row.time_zone),
        date.fromisoformat(row.last_day) if row.last_day else None,
    )


def _school_of(tx: Connection, table: str, row_id: str) -> str:
    row = tx.execute(text(f"SELECT school_id FROM {table} WHERE id = :id"), {"id": row_id}).first()
    return str(row.school_id) if row else ""
