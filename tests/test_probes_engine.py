"""The prober's loop: what is added is probed at once, what fails is confirmed and alerted."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from itertools import count

import pytest

from platforms.base import Adapter, Capability, Health, PlatformError, Room
from platforms.metering import Ask, Metered, Reading
from probes import alerts, engine, line, results, rooms, targets, windows
from probes.alerts import Alert
from probes.model import Result, State, Target
from store import heartbeats
from store.access import Actor
from store.db import Database
from store.schools import School
from tests.alerts_ever import alerts_ever
from tests.patience import HANG, PATIENCE, until
from tests.sites import say, web
from tests.test_probes_hls import Stream
from tests.test_probes_results import connect

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


class Site:
    """A web server whose answer can be switched."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"[]"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        say(handler, self.body, self.status)


class Meter:
    """A platform whose rooms are a JSON list: enough to be a RoomMeter over a real wire."""

    can: frozenset[Capability] = frozenset({"meter rooms"})

    def __init__(self, url: str) -> None:
        self._url = url

    def check(self) -> Health:
        return Health()

    def reading(self) -> Reading:
        reply = yield Ask(self._url)
        try:
            counts = json.loads(reply.body)
        except ValueError as error:
            raise PlatformError(
                "The answer of {name} is not its own.", {"name": "x"}, permanent=False
            ) from error
        rooms = (Room(str(n), "", count, 1, seats=30) for n, count in enumerate(counts))
        return Metered(tuple(rooms))

    def rooms(self) -> list[Room]:
        return []


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def url(site: Site) -> Iterator[str]:
    with web(site.answer) as address:
        yield address


@contextmanager
def probing(database: Database, adapters: Mapping[str, Adapter] | None = None) -> Iterator[None]:
    stop = threading.Event()
    adapters = adapters or {}
    thread = threading.Thread(
        target=engine.run,
        args=(database,),
        kwargs={"adapters_for": adapters.__getitem__, "stop": stop},
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def add(
    database: Database,
    actor: Actor,
    name: str,
    address: str,
    *,
    interval: timedelta = SECOND,
    **more: str | None,
) -> Target:
    (school_id,) = actor.schools
    with database.begin() as tx:
        target_id = targets.add(
            tx,
            actor,
            school_id,
            name=name,
            prober=more.get("prober") or "http",
            address=address,
            interval=interval,
            parent_ids=[parent] if (parent := more.get("parent_id")) else [],
            connection_id=more.get("connection_id"),
            now=datetime.now(UTC),
        )
        return targets.get(tx, actor, target_id)


def newest(database: Database, actor: Actor, target: Target) -> Result:
    with database.read("metrics") as mtx:
        now = datetime.now(UTC)
        return results.latest(mtx, actor, target.school_id, [target], now=now)[target.id]


def opened(database: Database, actor: Actor) -> list[Alert]:
    with database.read() as tx:
        return alerts.open_(tx, actor, next(iter(actor.schools)))


def is_(database: Database, actor: Actor, target: Target, state: State) -> Callable[[], bool]:
    return lambda: newest(database, actor, target).state is state


def seen_since(database: Database, actor: Actor, target: Target, time: datetime) -> bool:
    return newest(database, actor, target).at > time


def says(database: Database, actor: Actor, target: Target, words: str) -> bool:
    return str(newest(database, actor, target).why) == words


def test_a_target_added_while_probing_is_probed_at_once_and_its_failure_alerts_until_it_recovers(
    database: Database, ana: Actor, site: Site, url: str
) -> None:
    with probing(database):
        target = add(database, ana, "LMS", url, interval=HOUR)
        until(is_(database, ana, target, State.OK))
        changed(database, ana, target, 1)
        site.status = 503
        until(is_(database, ana, target, State.DOWN))
        until(lambda: len(opened(database, ana)) == 1)
        alert = opened(database, ana)[0]
        assert (alert.target_id, alert.state) == (target.id, State.DOWN)
        assert str(alert.why) == "It answers with status 503; expected 200-299."
        site.status = 200
        until(is_(database, ana, target, State.OK))
        until(lambda: opened(database, ana) == [])
    with database.read() as tx:
        (closed,) = alerts_ever(tx, target.school_id)
        beat = heartbeats.last(tx)["prober"]
    assert closed.closed_at is not None
    assert json.loads(beat.detail)["targets"] == 1


def test_a_meter_counts_rooms_and_its_failure_is_never_zero(
    database: Database, school: School, ana: Actor, site: Site, url: str
) -> None:
    site.body = b"[12, 30]"
    connection_id = connect(database, school)

    def counts() -> list[int | None]:
        with database.read("metrics") as mtx:
            found = rooms.latest(mtx, ana, school.id, now=datetime.now(UTC))
        return [found[connection_id, name].participants for name in ("0", "1") if found]

    with probing(database, {connection_id: Meter(url)}):
        target = add(database, ana, "Rooms", "", prober="classroom", connection_id=connection_id)
        until(lambda: counts() == [12, 30])
        site.body = b"<html>"
        until(is_(database, ana, target, State.UNKNOWN))
        assert str(newest(database, ana, target).why) == "The answer of x is not its own."
        until(lambda: counts() == [None, None])
        with database.read("metrics") as mtx:
            line = rooms.history(mtx, ana, school.id, since=target_time(), until=datetime.now(UTC))
    assert all(count > 0 for points in line.values() for _, count in points)


def target_time() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def test_children_of_a_failed_parent_do_not_alert(
    database: Database, ana: Actor, site: Site, url: str
) -> None:
    parent = add(database, ana, "Server", url)
    children = [
        add(database, ana, f"Page {n}", f"{url}/{n}", parent_id=parent.id) for n in range(5)
    ]
    with probing(database):
        for target in (parent, *children):
            until(is_(database, ana, target, State.OK))
        site.status = 500
        for target in (parent, *children):
            until(is_(database, ana, target, State.DOWN))
        until(lambda: len(opened(database, ana)) == 1)
        time.sleep(1.5)
    with database.read() as tx:
        ever = alerts_ever(tx, parent.school_id)
    assert [alert.target_id for alert in ever] == [parent.id]


def test_a_child_still_down_after_its_parent_recovers_alerts_on_its_own(
    database: Database, ana: Actor, site: Site, url: str
) -> None:
    def only_the_parent(handler: BaseHTTPRequestHandler) -> None:
        say(handler, b"", 404 if handler.path == "/page" else site.status)

    site.status = 500
    with web(only_the_parent) as both, probing(database):
        parent = add(database, ana, "Server", both)
        child = add(database, ana, "Page", f"{both}/page", parent_id=parent.id)
        until(is_(database, ana, child, State.DOWN))
        until(lambda: [alert.target_id for alert in opened(database, ana)] == [parent.id])
        site.status = 200
        until(lambda: [alert.target_id for alert in opened(database, ana)] == [child.id])


def test_children_are_looked_at_as_soon_as_their_parent_is_well_and_only_those_still_down_alert(
    database: Database, ana: Actor, site: Site
) -> None:
    def but_one(handler: BaseHTTPRequestHandler) -> None:
        say(handler, b"", 404 if handler.path == "/0" else site.status)

    site.status = 500
    with web(but_one) as both, probing(database):
        parent = add(database, ana, "Server", both)
        children = [add(database, ana, f"{n}", f"{both}/{n}", parent_id=parent.id) for n in "012"]
        for child in children:
            changed(database, ana, child, 3600)
        for child in children:
            until(is_(database, ana, child, State.DOWN))
        until(lambda: [alert.target_id for alert in opened(database, ana)] == [parent.id])
        site.status = 200
        for child in children[1:]:
            until(is_(database, ana, child, State.OK))
        until(lambda: [alert.target_id for alert in opened(database, ana)] == [children[0].id])
    with database.read() as tx:
        ever = {alert.target_id for alert in alerts_ever(tx, parent.school_id)}
    assert ever == {parent.id, children[0].id}


def test_children_are_looked_at_as_soon_as_their_parents_maintenance_is_over(
    database: Database, ana: Actor, site: Site
) -> None:
    def the_parent_is_well(handler: BaseHTTPRequestHandler) -> None:
        say(handler, b"", site.status if handler.path == "/page" else 200)

    with web(the_parent_is_well) as both, probing(database):
        parent = add(database, ana, "Server", f"{both}/")
        child = add(database, ana, "Page", f"{both}/page", parent_id=parent.id)
        changed(database, ana, child, 3600)
        now = datetime.now(UTC)
        with database.begin() as tx:
            window = windows.maintenance(
                tx, ana, parent.id, since=now, until=now + HOUR, reason="upgrade", now=now
            )
        until(is_(database, ana, parent, State.MAINTENANCE))
        site.status = 500
        changed(database, ana, child, 3599)
        until(is_(database, ana, child, State.DOWN))
        site.status = 200
        until(partial(seen_since, database, ana, parent, datetime.now(UTC) + 3 * SECOND))
        with database.begin() as tx:
            windows.end(tx, ana, window, now=datetime.now(UTC))
        until(is_(database, ana, child, State.OK))
    with database.read() as tx:
        assert list(alerts_ever(tx, parent.school_id)) == []


def test_a_target_that_flaps_every_other_probe_is_one_alert_that_says_so(
    database: Database, ana: Actor, site: Site
) -> None:
    asked = count()

    def every_other(handler: BaseHTTPRequestHandler) -> None:
        say(handler, b"", 200 if next(asked) % 2 else 503)

    with web(every_other) as address, probing(database):
        target = add(database, ana, "LMS", address)
        until(lambda: len(opened(database, ana)) == 1)
        time.sleep(2.5)
        (alert,) = opened(database, ana)
    assert (alert.kind, alert.state) == ("flapping", State.SUSPECT)
    assert str(alert.why).startswith("It comes and goes: ")
    with database.read() as tx:
        assert len(alerts_ever(tx, target.school_id)) == 1


def test_when_pult_itself_is_offline_it_says_so_and_blames_nobody(
    database: Database, ana: Actor, site: Site, url: str
) -> None:
    with probing(database):
        sentinel = add(database, ana, "Way out", url)
        with database.begin() as tx:
            sworn = replace(sentinel, module={"sentinel": True})
            targets.change(tx, ana, sworn, now=datetime.now(UTC))
        until(is_(database, ana, sentinel, State.OK))
        site.status = 503
        far = [add(database, ana, f"Far {n}", f"http://far{n}.invalid/") for n in range(3)]
        for target in (sentinel, *far):
            until(partial(says, database, ana, target, line.CUT))
            assert newest(database, ana, target).state is State.UNKNOWN
        assert [alert.kind for alert in opened(database, ana)] == ["offline"]
        site.status = 200
        far_ids = {target.id for target in far}
        until(lambda: {each.target_id for each in opened(database, ana)} == far_ids)
    with database.read() as tx:
        ever = alerts_ever(tx, sentinel.school_id)
    assert sorted(alert.kind for alert in ever) == ["failure"] * 3 + ["offline"]


def test_maintenance_overrides_and_does_not_alert(
    database: Database, ana: Actor, site: Site, url: str
) -> None:
    site.status = 500
    target = add(database, ana, "LMS", url)
    now = datetime.now(UTC)
    with database.begin() as tx:
        windows.maintenance(
            tx, ana, target.id, since=now, until=now + 60 * SECOND, reason="upgrade", now=now
        )
    with probing(database):
        until(is_(database, ana, target, State.MAINTENANCE))
        assert str(newest(database, ana, target).why) == "Under maintenance: upgrade"
        time.sleep(1)
    assert opened(database, ana) == []


def test_a_silenced_target_fails_visibly_without_an_alert(
    database: Database, ana: Actor, site: Site, url: str
) -> None:
    site.status = 500
    target = add(database, ana, "LMS", url)
    now = datetime.now(UTC)
    with database.begin() as tx:
        windows.silence(
            tx, ana, target.id, since=now, until=now + 60 * SECOND, reason="known", now=now
        )
    with probing(database):
        until(is_(database, ana, target, State.DOWN))
        time.sleep(1)
    assert opened(database, ana) == []


def test_an_alert_missed_by_a_killed_prober_is_opened_by_the_next(
    database: Database, ana: Actor, site: Site, url: str
) -> None:
    site.status = 500
    target = add(database, ana, "LMS", url)
    with probing(database):
        until(lambda: len(opened(database, ana)) == 1)
    since = newest(database, ana, target).since
    with database.begin() as tx:
        tx.exec_driver_sql("DELETE FROM alert")  # as if it had died between the two databases
    with probing(database):
        until(lambda: len(opened(database, ana)) == 1)
    assert opened(database, ana)[0].since == since


def test_a_prober_restarted_in_mid_outage_alerts_no_child_of_a_parent_that_hangs(
    database: Database, ana: Actor
) -> None:
    failing, over = threading.Event(), threading.Event()

    def the_parent_hangs(handler: BaseHTTPRequestHandler) -> None:
        if failing.is_set() and handler.path == "/":
            over.wait(HANG)
        say(handler, b"", 503 if failing.is_set() else 200)

    with web(the_parent_hangs) as url:
        parent = add(database, ana, "Server", f"{url}/")
        children = [add(database, ana, f"{n}", f"{url}/{n}", parent_id=parent.id) for n in range(3)]
        with probing(database):
            for target in (parent, *children):
                until(is_(database, ana, target, State.OK))
            failing.set()
            for target in (parent, *children):
                until(is_(database, ana, target, State.DOWN))
            until(lambda: len(opened(database, ana)) == 1)
        again = datetime.now(UTC)
        with probing(database):
            for target in (*children, parent):
                until(partial(seen_since, database, ana, target, again))
            time.sleep(1.5)
        over.set()
    with database.read() as tx:
        assert [alert.target_id for alert in alerts_ever(tx, parent.school_id)] == [parent.id]


def test_a_target_switched_off_is_left_alone_and_its_alert_closes(
    database: Database, ana: Actor, site: Site, url: str
) -> None:
    site.status = 500
    target = add(database, ana, "LMS", url)
    with probing(database):
        until(lambda: len(opened(database, ana)) == 1)
        with database.begin() as tx:
            targets.change(tx, ana, replace(target, enabled=False), now=datetime.now(UTC))
        until(lambda: opened(database, ana) == [])


def test_a_picture_that_stands_still_is_down_then_recovers(database: Database, ana: Actor) -> None:
    stream = Stream()
    with web(stream.answer) as address, probing(database):
        target = add(database, ana, "Live", f"{address}/live.m3u8", prober="hls")
        until(is_(database, ana, target, State.OK))
        stream.freeze()
        until(is_(database, ana, target, State.DOWN))
        until(lambda: len(opened(database, ana)) == 1)
        stream.go_on()
        until(is_(database, ana, target, State.OK))
        until(lambda: opened(database, ana) == [])


def switch(database: Database, actor: Actor, target: Target, *, on: bool) -> None:
    with database.begin() as tx:
        targets.change(tx, actor, replace(target, enabled=on), now=datetime.now(UTC))


def changed(
    database: Database, actor: Actor, target: Target, seconds: float, **module: float
) -> None:
    with database.begin() as tx:
        other = replace(target, interval=seconds * SECOND, module=module)
        targets.change(tx, actor, other, now=datetime.now(UTC))


def test_a_target_switched_off_and_on_during_its_probe_is_probed_on(
    database: Database, ana: Actor, site: Site
) -> None:
    numbers, asked, over = count(), threading.Event(), threading.Event()

    def first_never(handler: BaseHTTPRequestHandler) -> None:
        if next(numbers) == 0:
            asked.set()
            over.wait(60)
        site.answer(handler)

    with web(first_never) as address:
        target = add(database, ana, "LMS", address)
        changed(database, ana, target, 1, timeout=4.0)
        with database.read() as tx:
            target = targets.get(tx, ana, target.id)
        with probing(database):
            until(asked.is_set)
            began = time.monotonic()
            for on in (False, True):
                switch(database, ana, target, on=on)
                time.sleep(1.2)
            until(is_(database, ana, target, State.OK))
            time.sleep(max(0.0, began + 4.5 - time.monotonic()))
            site.status = 503
            until(is_(database, ana, target, State.DOWN))
            over.set()


def test_a_target_switched_on_again_is_not_blamed_for_what_was(
    database: Database, ana: Actor, site: Site, url: str
) -> None:
    site.status = 503
    with probing(database):
        target = add(database, ana, "LMS", url)
        changed(database, ana, target, 5)
        with database.read() as tx:
            target = targets.get(tx, ana, target.id)
        until(lambda: len(opened(database, ana)) == 1)
        switch(database, ana, target, on=False)
        until(lambda: opened(database, ana) == [])
        site.status = 200
        switch(database, ana, target, on=True)
        until(is_(database, ana, target, State.OK))
        time.sleep(1)
    with database.read() as tx:
        assert len(alerts_ever(tx, target.school_id)) == 1


def test_one_refusal_of_a_service_that_takes_its_time_is_no_outage(
    database: Database, ana: Actor
) -> None:
    numbers, seen = count(), []

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        seen.append(number := next(numbers))
        if number != 2:
            time.sleep(2.0)  # more than half of its timeout
        say(handler, b"", 503 if number == 2 else 200)

    with web(slowly) as address, probing(database):
        target = add(database, ana, "LMS", address)
        changed(database, ana, target, 1, timeout=3.8, slow=3.7)
        until(lambda: len(seen) > 4)
    with database.read() as tx:
        assert alerts_ever(tx, target.school_id) == []


def test_a_childs_alert_does_not_wait_for_the_interval_of_its_parent(
    database: Database, ana: Actor
) -> None:
    def late_for_the_child(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/page":
            time.sleep(0.8)
        say(handler, b"", 503 if handler.path == "/page" else 200)

    with web(late_for_the_child) as address, probing(database):
        parent = add(database, ana, "Server", address)
        changed(database, ana, parent, 3600)
        until(is_(database, ana, parent, State.OK))
        child = add(database, ana, "Page", address + "/page", parent_id=parent.id)
        until(is_(database, ana, child, State.DOWN))
        until(lambda: len(opened(database, ana)) == 1)
