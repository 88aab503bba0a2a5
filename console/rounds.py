"""The worker's rounds: what each kind of periodic work does once, safe with several workers."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from console import campus_school
from console.desk import (
    accounts,
    alarms,
    alerting,
    attending,
    connections,
    owed,
    posting,
    relieved,
    restoring,
    sync,
    toll,
    unheard,
    unread,
    watchdog,
)
from console.wiring import Console
from mailing import returned
from mailing.mailbox import Mailbox
from moderation import intake
from moderation.actions import SEALED
from platforms import PLATFORMS
from platforms.base import PlatformError
from platforms.capabilities import CommentSource
from probes import lessons
from store import access, leases, owners, schools
from store.vault import VaultError
from store.words import Words

LOG = logging.getLogger("pult.worker")
OWNER = owners.mine()  # of the leases: another worker sees at once that a killed one is dead
SYNC_EVERY = timedelta(minutes=15)
SYNC_AGAIN = timedelta(seconds=30)  # after one that failed
PULL = timedelta(seconds=30)  # a pull that takes longer may be taken over
SYNC = timedelta(minutes=10)  # likewise
ATTENDANCE = timedelta(minutes=1)  # likewise
READ = {
    id_ for id_, each in PLATFORMS.items() if hasattr(each.adapter, CommentSource.comments.__name__)
}
KEEP_SLOTS = timedelta(days=2)
KEEP_NOTICES = timedelta(days=90)  # after the incident they told of


def returns(console: Console, stop: threading.Event) -> None:
    """Take in what came back, from the mailbox that the settings name."""
    url = console.settings.mail.returns
    if not url:
        return
    place = Mailbox.from_url(url, loopback_only=console.simulation)
    with _held(console, "returns", PULL) as ours:
        if not ours:
            return
        found = returned.collect(
            console.db, place, console.origin.key, clock=console.now, stop=stop
        )
        for taken, count in found.items():
            LOG.info("returned mail: %s, %s times", taken, count)


def notices(console: Console, stop: threading.Event) -> None:
    """Tell those of the staff who are to be told, whatever the schools' other mail does."""
    with console.db.read() as tx:
        if restoring.paused(tx):
            return

    def follow(school_id: str) -> None:
        actor, now = access.system(school_id), console.now()
        owed.follow(console.db, actor, school_id, now=now)
        unheard.follow(console.db, actor, school_id, now=now)

    try:
        each_school(console, stop, "notices", follow)
    finally:  # what is written already leaves, whatever the rest holds
        if not stop.is_set():
            posting.send_due(console.db, console.ways, clock=console.now)


class Comments:
    """Pull what participants have written, connection by connection; tell which cannot be read."""

    def __init__(self, reading: unread.Reading | None = None) -> None:
        self._reading = reading or unread.Reading()

    def __call__(self, console: Console, stop: threading.Event) -> None:
        for connection in _connections(console):
            if stop.is_set() or connection.synced_at is None:
                continue
            with _held(console, f"intake {connection.id}", PULL) as ours:
                if ours:
                    self._pull(console, connection)

    def _pull(self, console: Console, connection: connections.Connection) -> None:
        actor, now = access.system(connection.school_id), console.now()
        try:
            if isinstance(console.adapters(connection.id), CommentSource):
                intake.pull(console.db, actor, connection.id, console.adapters, now=now)
        except (PlatformError, VaultError) as error:  # the others are asked all the same
            _note(console, connection.id, error)
        except Exception as error:  # likewise, whatever this one's answers hold
            LOG.error(
                "intake of connection %s: %s at %s",
                connection.id, type(error).__name__, place(error),
            )  # fmt: skip
        else:
            self._reading.worked(console.db, actor, connection.school_id, connection.id, now=now)
            return
        if connection.platform in READ:
            self._reading.failed(console.db, actor, connection.school_id, connection.id, now=now)


def alerts(console: Console, stop: threading.Event) -> None:
    """Open incidents for new alerts, and note which are over; raises when no school's could be."""

    def follow(school_id: str) -> None:
        actor, now = access.system(school_id), console.now()
        try:
            alerting.follow(console.db, actor, school_id, now=now)
        finally:  # whatever the services' rows hold, a child's alarm is heard
            alarms.follow(console.db, actor, school_id, now=now)

    each_school(console, stop, "alerts", follow)


class Watching:
    """Tell of a prober that is dead: it cannot."""

    def __init__(self, hearing: watchdog.Hearing | None = None) -> None:
        self._hearing = hearing or watchdog.Hearing()

    def __call__(self, console: Console, stop: threading.Event) -> None:
        def follow(school_id: str) -> None:
            actor = access.system(school_id)
            now = console.now()
            watchdog.follow(console.db, actor, school_id, self._hearing, now=now)

        each_school(console, stop, "prober", follow)


def affected(console: Console, stop: threading.Event) -> None:
    """Count anew whom the incidents that stand affect, and end those of rooms that are calm."""

    def follow(school_id: str) -> None:
        actor, now = access.system(school_id), console.now()
        relieved.follow(console.db, actor, school_id, now=now)
        toll.count(console.db, actor, school_id, now=now)

    each_school(console, stop, "affected", follow)


def rosters(console: Console, stop: threading.Event) -> None:
    """Sync connections that are new at once, the others when their time has come."""
    for connection in _connections(console):
        if stop.is_set() or not _due(connection, console.now()):
            continue
        with _held(console, f"sync {connection.id}", SYNC) as ours:
            if not ours:
                continue
            try:
                actor = access.system(connection.school_id)
                sync.sync(console.db, actor, connection.id, console.adapters, now=console.now())
            except PlatformError as error:
                LOG.warning("sync of connection %s: %s", connection.id, error.code or "failed")
                continue
            except VaultError as error:
                _note(console, connection.id, error)
                continue
        if console.simulation:
            campus_school.plan(console, connection.school_id)


class Attendance:
    """Count the lessons and foresee the next hour, one worker a school at a time."""

    def __init__(self) -> None:
        self._learnt: dict[str, attending.Learnt] = {}

    def __call__(self, console: Console, stop: threading.Event) -> None:
        def follow(school_id: str) -> None:
            with _held(console, f"attendance {school_id}", ATTENDANCE) as ours:
                if ours:
                    learnt = self._learnt.setdefault(school_id, attending.Learnt())
                    actor = access.system(school_id)
                    attending.follow(console.db, actor, school_id, learnt, now=console.now())

        each_school(console, stop, "attendance", follow)


def tidy(console: Console, stop: threading.Event) -> None:
    """Forget what has ended (sessions, tries, slots, last term), once an hour among workers."""
    now = console.now()
    slot = datetime.fromtimestamp(now.timestamp() // 3600 * 3600, now.tzinfo)
    with console.db.begin() as tx:
        if not leases.first_in_slot(tx, "tidy", OWNER, slot):
            return
        accounts.tidy(tx, now=now)
        leases.forget_slots(tx, before=now - KEEP_SLOTS)
    _forget_notices(console, now - KEEP_NOTICES, stop)
    with console.db.begin("metrics") as mtx:
        lessons.forget(mtx, now=now)


def _forget_notices(console: Console, before: datetime, stop: threading.Event) -> None:
    while not stop.is_set():
        with console.db.begin() as tx:
            if owed.forget(tx, before=before) < owed.AT_ONCE:
                return


def each_school(
    console: Console, stop: threading.Event, what: str, follow: Callable[[str], None]
) -> None:
    """Do it for each school, whatever another's rows hold; raises when it failed for all."""
    listed = school_ids(console)
    failures: list[Exception] = []
    for school_id in listed:
        if stop.is_set():
            return
        try:
            follow(school_id)
        except Exception as error:  # whatever one school's rows hold, the others are followed
            LOG.error(
                "%s of school %s: %s at %s", what, school_id, type(error).__name__, place(error)
            )
            failures.append(error)
    if failures and len(failures) == len(listed):
        raise failures[0]


def school_ids(console: Console) -> list[str]:
    with console.db.read() as tx:
        return sorted(schools.every_id(tx))


def _connections(console: Console) -> list[connections.Connection]:
    ids = school_ids(console)
    with console.db.read() as tx:
        return [one for id_ in ids for one in connections.of(tx, access.system(id_), id_)]


def _due(connection: connections.Connection, now: datetime) -> bool:
    if connection.state == "failing" and connection.checked_at:
        return now - connection.checked_at >= SYNC_AGAIN
    if connection.state == "new":  # added or changed just now
        return True
    return connection.synced_at is None or now - connection.synced_at >= SYNC_EVERY


@contextmanager
def _held(console: Console, name: str, ttl: timedelta) -> Iterator[bool]:
    """The lease on this work for the block; False if another worker has it."""
    with console.db.begin() as tx:
        lease = leases.take(tx, name, OWNER, now=console.now(), ttl=ttl)
    try:
        yield lease is not None
    finally:
        if lease:
            with console.db.begin() as tx:
                leases.give_back(tx, lease)


def _note(console: Console, connection_id: str, error: PlatformError | VaultError) -> None:
    why, code = Words(SEALED), "sealed"
    if isinstance(error, PlatformError):
        why, code = Words(error.template, error.params), error.code or "failed"
    LOG.warning("connection %s: %s", connection_id, code)
    with console.db.begin() as tx:
        connections.note(tx, connection_id, why, now=console.now())


def place(error: BaseException) -> str:
    """The innermost file and line, without what it held, which may be names or addresses."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
