"""One outage, one alert: what opens an alert, what keeps it shut, what closes it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from probes import alerting, alerts, line, telling
from probes.alerting import Scene
from probes.alerts import Alert
from probes.judge import Standing, judge
from probes.line import Line
from probes.model import Result, State, Target
from probes.planning import Plan
from probes.probers import PROBERS
from probes.probers.base import Verdict, time_for
from store.access import Actor
from store.db import Database
from store.schools import School
from tests.alerts_ever import alerts_ever
from tests.conftest import NOON

SECOND = timedelta(seconds=1)
OK, DOWN, SUSPECT, UNKNOWN = State.OK, State.DOWN, State.SUSPECT, State.UNKNOWN
MAINTENANCE = State.MAINTENANCE


class Watch:
    """A school's targets and how they stand, followed as the prober does."""

    def __init__(self, database: Database, actor: Actor) -> None:
        self.database, self.actor = database, actor
        (self.school,) = actor.schools
        self.targets: dict[str, Target] = {}
        self.results: dict[str, Result] = {}
        self.standings: dict[str, Standing] = {}
        self.line = Line()
        self.silenced: set[str] = set()
        self.resting: set[str] = set()
        self.began: datetime | None = None
        self.well: dict[str, datetime] = {}

    def add(self, name: str, *parents: str, address: str = "127.0.0.1:80") -> str:
        self.targets[name] = Target(
            name, self.school, name, "tcp", address, parent_ids=parents, interval=10 * SECOND
        )
        return name

    def time(self, name: str) -> float:
        return time_for(PROBERS[self.targets[name].prober], self.targets[name])

    def stands(
        self, name: str, state: State, at: datetime, *, since: datetime | None = None
    ) -> None:
        failures = 2 if state is DOWN else 0
        before = self.results.get(name)
        if before is None and state is OK:
            since = since or at - 3600 * SECOND
        elif before is not None and before.state is state:
            since = since or before.since
        self.results[name] = Result(name, at, state, since=since or at)
        self.standings[name] = Standing(state, since or at, failures)

    def follow(self, now: datetime) -> None:
        alerting.follow(
            self.database,
            Scene(
                self.targets,
                self.results,
                self.standings,
                self.silenced,
                now,
                [name for name, result in self.results.items() if result.state is not OK],
                line.witnesses(self.targets.values(), {}),
                self.line,
                self.resting,
                self.began,
                self.well,
            ),
        )

    def open(self) -> list[str]:
        with self.database.read() as tx:
            return sorted(each.target_id for each in alerts.open_(tx, self.actor, self.school))

    def ever(self) -> Sequence[Alert]:
        with self.database.read() as tx:
            return alerts_ever(tx, self.school)


@pytest.fixture
def watch(database: Database, school: School, ana: Actor) -> Watch:
    return Watch(database, ana)


@pytest.mark.parametrize("failed", ["media", "turn"])
def test_the_failure_of_any_parent_explains_a_child(watch: Watch, failed: str) -> None:
    watch.add("media")
    watch.add("turn")
    watch.add("room", "media", "turn")
    watch.add("live", "room")
    for name in watch.targets:
        down = name in (failed, "room", "live")
        watch.stands(name, DOWN if down else OK, NOON + (not down) * SECOND)
    watch.follow(NOON + 2 * SECOND)
    assert watch.open() == [failed]


def test_a_child_waits_until_every_parent_was_probed_since(watch: Watch) -> None:
    watch.add("media")
    watch.add("turn")
    watch.add("room", "media", "turn")
    watch.stands("media", OK, NOON + SECOND)
    watch.stands("turn", OK, NOON - SECOND)
    watch.stands("room", DOWN, NOON)
    watch.follow(NOON + SECOND)
    assert watch.open() == []
    watch.stands("turn", OK, NOON + SECOND)
    watch.follow(NOON + 2 * SECOND)
    assert watch.open() == ["room"]


def test_after_a_restart_a_child_waits_for_a_parent_that_has_yet_to_answer(watch: Watch) -> None:
    watch.add("media")
    watch.add("room", "media")
    watch.began = NOON
    longest = timedelta(seconds=watch.time("media")) + alerting.WAIT
    watch.stands("media", DOWN, NOON - 600 * SECOND)  # too old to be known
    for at in (NOON + SECOND, NOON + longest - SECOND):
        watch.stands("room", DOWN, at, since=NOON - 600 * SECOND)
        watch.follow(at)
        assert watch.open() == []
    watch.stands("room", DOWN, NOON + longest, since=NOON - 600 * SECOND)
    watch.follow(NOON + longest)
    assert watch.open() == ["room"]


def test_a_parent_under_maintenance_explains_its_children_until_it_ends(watch: Watch) -> None:
    watch.add("media")
    watch.add("room", "media")
    watch.stands("media", MAINTENANCE, NOON)
    watch.stands("room", DOWN, NOON)
    watch.follow(NOON + SECOND)
    assert watch.open() == []
    watch.stands("media", OK, NOON + 2 * SECOND)
    watch.stands("room", DOWN, NOON + 3 * SECOND)
    watch.follow(NOON + 3 * SECOND)
    assert watch.open() == ["room"]


def test_a_child_not_looked_at_since_its_parent_is_well_again_waits_and_so_while_it_answers(
    watch: Watch,
) -> None:
    watch.add("media")
    watch.add("room", "media")
    for state in (DOWN, OK):
        watch.stands("media", state, NOON + 2 * SECOND)
        watch.stands("room", DOWN, NOON, since=NOON - 60 * SECOND)
        watch.follow(NOON + 2 * SECOND)
        assert watch.open() == ["media"][: state is DOWN]
    watch.stands("room", DOWN, NOON + 3 * SECOND)
    failing = watch.standings["room"]
    watch.standings["room"] = replace(failing, failures=0, successes=1)
    watch.follow(NOON + 3 * SECOND)
    assert watch.open() == []
    watch.standings["room"] = failing
    watch.follow(NOON + 3 * SECOND)
    assert watch.open() == ["room"]


@pytest.mark.parametrize("excuse", [DOWN, MAINTENANCE])
def test_an_alert_and_who_has_it_outlive_a_parent_that_fails_later(
    watch: Watch, excuse: State
) -> None:
    watch.add("media")
    watch.add("room", "media")
    watch.stands("room", DOWN, NOON)
    watch.stands("media", OK, NOON + SECOND)
    watch.follow(NOON + SECOND)
    (told,) = watch.ever()
    with watch.database.begin() as tx:
        alerts.acknowledge(tx, watch.actor, told.id, reason="on it", now=NOON + SECOND)
    watch.stands("media", excuse, NOON + 2 * SECOND)
    watch.stands("room", DOWN, NOON + 3 * SECOND, since=NOON)
    watch.follow(NOON + 3 * SECOND)
    still = next(each for each in watch.ever() if each.id == told.id)
    assert (still.closed_at, still.acknowledged_reason) == (None, "on it")
    watch.stands("media", OK, NOON + 4 * SECOND)
    watch.follow(NOON + 4 * SECOND)
    assert watch.open() == ["room"]
    watch.stands("room", OK, NOON + 5 * SECOND)
    watch.follow(NOON + 5 * SECOND)
    assert watch.open() == []


def test_maintenance_ends_no_alert_only_a_good_answer_does(watch: Watch) -> None:
    watch.add("lms")
    for state in (DOWN, MAINTENANCE):
        watch.stands("lms", state, NOON)
        watch.follow(NOON)
        assert watch.open() == ["lms"]
    watch.stands("lms", OK, NOON + SECOND)
    watch.follow(NOON + SECOND)
    assert watch.open() == []


def test_a_thousand_children_of_a_failed_parent_are_one_alert_and_those_left_down_their_own(
    watch: Watch,
) -> None:
    watch.add("media")
    children = [watch.add(f"room {n}", "media") for n in range(1000)]
    watch.stands("media", OK, NOON)
    for n, child in enumerate(children):  # the children are seen first
        watch.stands(child, DOWN, NOON + n * SECOND / 1000)
    watch.follow(NOON + SECOND)
    watch.stands("media", DOWN, NOON + 2 * SECOND)
    watch.follow(NOON + 2 * SECOND)
    assert watch.open() == ["media"]
    watch.stands("media", OK, NOON + 8 * SECOND)
    watch.stands(children[0], DOWN, NOON + 9 * SECOND)
    for child in children[1:]:
        watch.stands(child, OK, NOON + 9 * SECOND)
    watch.follow(NOON + 9 * SECOND)
    assert watch.open() == ["room 0"]
    assert len(watch.ever()) == 2


def test_a_target_that_flaps_every_other_probe_is_one_alert_that_says_so_and_ends_once_calm(
    watch: Watch,
) -> None:
    watch.add("lms")
    standing = Standing()
    for probe in range(500):
        restless = 100 <= probe < 400 and probe % 2 == 0
        now = NOON + probe * 10 * SECOND
        standing = judge(standing, DOWN if restless else OK, at=now)
        watch.results["lms"] = Result("lms", now, standing.state, since=standing.since)
        watch.standings["lms"] = standing
        watch.follow(now)
        assert watch.open() == (["lms"] if 104 <= probe < 418 else []), probe
    (alert,) = watch.ever()
    assert (alert.kind, alert.state, alert.since) == ("flapping", SUSPECT, NOON + 1000 * SECOND)


def looked(watch: Watch, name: str, found: State, now: datetime) -> None:
    """One answer of the target, judged and told as the prober does."""
    standing = judge(watch.standings.get(name, Standing()), found, at=now)
    watch.standings[name] = standing
    watch.results[name] = telling.result(
        watch.targets[name], Verdict(state=found), standing, Plan(), cut_since=None, now=now
    )
    if standing.state is OK:
        watch.well.setdefault(name, now)


@pytest.mark.parametrize(
    ("bad", "opens"), [(DOWN, ["media"]), (SUSPECT, ["media", "room 0", "room 1", "room 2"])]
)
def test_a_parent_that_comes_and_goes_explains_what_fails_and_one_that_is_slow_now_and_then_not(
    watch: Watch, bad: State, opens: list[str]
) -> None:
    watch.add("media")
    rooms = [watch.add(f"room {n}", "media") for n in range(3)]
    for probe in range(80):
        now = NOON + probe * 10 * SECOND
        looked(watch, "media", bad if probe % 2 and probe > 20 else OK, now)
        for room in rooms:
            looked(watch, room, DOWN if probe > 20 else OK, now + SECOND)
        watch.follow(now + SECOND)
    assert watch.open() == opens
    assert len(watch.ever()) == len(opens)


def test_what_fails_alerts_by_itself_once_its_parent_comes_and_goes_no_more(watch: Watch) -> None:
    watch.add("media")
    watch.add("room", "media")
    for probe in range(80):
        now = NOON + probe * 10 * SECOND
        looked(watch, "media", DOWN if probe % 2 and probe < 30 else OK, now)
        looked(watch, "room", DOWN if probe > 20 else OK, now + SECOND)
        watch.follow(now + SECOND)
        assert watch.open() in (["media"], ["room"], []), probe
    assert watch.open() == ["room"]


@pytest.mark.parametrize("bad", [DOWN, SUSPECT])
def test_a_target_that_fails_and_is_unknown_in_turn_has_an_alert(watch: Watch, bad: State) -> None:
    watch.add("lms")
    standing = Standing()
    for probe in range(20):
        now = NOON + probe * 10 * SECOND
        standing = judge(standing, bad if probe % 2 else UNKNOWN, at=now)
        watch.results["lms"] = Result("lms", now, standing.state, since=standing.since)
        watch.standings["lms"] = standing
        watch.follow(now)
    assert watch.open() == ["lms"]
    assert len(watch.ever()) == 1


def test_the_clock_set_back_hides_no_childs_failure(watch: Watch) -> None:
    watch.add("media")
    watch.add("room", "media")
    watch.stands("media", OK, NOON - 3600 * SECOND)
    watch.stands("room", DOWN, NOON - 3601 * SECOND, since=NOON)
    watch.follow(NOON - 3600 * SECOND)
    assert watch.open() == ["room"]


def test_a_parent_that_failed_once_and_is_unknown_since_explains_no_failure(watch: Watch) -> None:
    watch.add("media")
    watch.add("room", "media")
    watch.stands("room", DOWN, NOON)
    watch.stands("media", UNKNOWN, NOON + SECOND)
    watch.standings["media"] = Standing(UNKNOWN, NOON, failures=1)
    watch.follow(NOON + SECOND)
    assert watch.open() == ["room"]


def test_an_alert_that_starts_to_flap_says_so(watch: Watch) -> None:
    watch.add("lms")
    watch.stands("lms", DOWN, NOON)
    watch.follow(NOON)
    watch.standings["lms"] = replace(watch.standings["lms"], flapping=True)
    watch.follow(NOON + SECOND)
    assert [(each.kind, each.closed_at) for each in watch.ever()] == [("flapping", None)]


def test_while_pult_is_offline_there_is_one_alert_and_nobody_is_blamed(watch: Watch) -> None:
    names = [watch.add(f"s{n}", address=f"s{n}.example:443") for n in range(4)]
    near = watch.add("near")
    for name in names:
        watch.stands(name, DOWN, NOON)
    watch.stands(near, DOWN, NOON)
    watch.follow(NOON + SECOND)  # nobody has answered since: it may be the line
    assert watch.open() == ["near"]
    watch.line = Line(NOON, 4)
    for _ in range(2):
        watch.follow(NOON + 2 * SECOND)
    assert watch.open() == [f"line:{watch.school}", "near"]
    for name in names:
        watch.stands(name, UNKNOWN, NOON + 9 * SECOND)
    watch.follow(NOON + 9 * SECOND)
    assert watch.open() == [f"line:{watch.school}", "near"]
    watch.line = Line()
    for name in names[1:]:
        watch.stands(name, OK, NOON + 20 * SECOND)
    watch.stands(names[0], DOWN, NOON + 20 * SECOND, since=NOON)
    watch.follow(NOON + 21 * SECOND)
    assert watch.open() == ["near", names[0]]


def test_a_failure_that_no_witness_clears_is_told_after_a_while_all_the_same(watch: Watch) -> None:
    for n in range(3):
        watch.add(f"s{n}", address=f"s{n}.example:443")
        watch.stands(f"s{n}", OK, NOON)
    watch.stands("s0", DOWN, NOON + SECOND)
    watch.follow(NOON + 5 * SECOND)
    assert watch.open() == []
    watch.stands("s1", OK, NOON + 2 * SECOND)
    watch.follow(NOON + 5 * SECOND)
    assert watch.open() == ["s0"]
    watch.stands("s2", DOWN, NOON + 3 * SECOND)
    watch.follow(NOON + 4 * SECOND)
    assert watch.open() == ["s0"]
    watch.results["s2"] = replace(watch.results["s2"], at=NOON + 23 * SECOND)
    watch.follow(NOON + 3 * SECOND + alerting.WAIT)
    assert watch.open() == ["s0", "s2"]


def test_what_is_unknown_for_long_is_told_but_no_failure_becomes_less_by_it(watch: Watch) -> None:
    watch.add("lms")
    quiet = watch.add("quiet")
    watch.targets[quiet] = replace(watch.targets[quiet], module={"unknown_after": 0})
    soon = watch.add("soon")
    watch.targets[soon] = replace(watch.targets[soon], module={"unknown_after": 60.0})
    for name in watch.targets:
        watch.stands(name, UNKNOWN, NOON)
    for seconds, told in ((59, []), (60, ["soon"]), (899, ["soon"]), (900, ["lms", "soon"])):
        for name in watch.targets:
            watch.stands(name, UNKNOWN, NOON + seconds * SECOND, since=NOON)
        watch.follow(NOON + seconds * SECOND)
        assert watch.open() == told, seconds
    watch.stands("lms", DOWN, NOON + 901 * SECOND)
    watch.follow(NOON + 901 * SECOND)
    watch.stands("lms", UNKNOWN, NOON + 2000 * SECOND, since=NOON + 902 * SECOND)
    watch.follow(NOON + 2000 * SECOND)
    assert {each.target_id: each.state for each in watch.ever()} == {"lms": DOWN, "soon": UNKNOWN}


def test_the_end_of_the_lesson_ends_the_alert_and_says_so(watch: Watch) -> None:
    watch.add("live")
    watch.stands("live", DOWN, NOON)
    watch.follow(NOON)
    watch.resting = {"live"}
    watch.stands("live", MAINTENANCE, NOON + SECOND)
    watch.follow(NOON + SECOND)
    (alert,) = watch.ever()
    assert alert.closed_at == NOON + SECOND
    with watch.database.read() as tx:
        assert str(alerts.ended(tx, watch.actor, alert.id)).startswith("The lesson is over")


def test_a_result_is_not_stale_while_the_next_check_may_still_take_its_time(watch: Watch) -> None:
    watch.add("slow")
    watch.targets["slow"] = replace(watch.targets["slow"], module={"timeout": 60.0})
    watch.stands("slow", DOWN, NOON)
    watch.follow(NOON + 70 * SECOND)
    assert watch.open() == ["slow"]


def test_nobody_is_told_that_a_sign_of_life_is_awaited(watch: Watch) -> None:
    watch.add("backup")
    watch.targets["backup"] = replace(watch.targets["backup"], prober="push")
    watch.stands("backup", UNKNOWN, NOON + 9000 * SECOND, since=NOON)
    watch.follow(NOON + 9000 * SECOND)
    assert watch.open() == []


@pytest.mark.parametrize("state", [DOWN, SUSPECT, UNKNOWN])
def test_children_as_bad_as_their_parent_are_one_alert(watch: Watch, state: State) -> None:
    watch.add("media")
    later = NOON + 2000 * SECOND  # long enough for any of them to be told
    for name in ("media", *(watch.add(f"room {n}", "media") for n in range(50))):
        watch.stands(name, state, later, since=NOON)
    watch.follow(later)
    assert watch.open() == ["media"]


@pytest.mark.parametrize(
    ("parent", "child"), [(SUSPECT, DOWN), (UNKNOWN, DOWN), (UNKNOWN, SUSPECT)]
)
def test_a_child_worse_than_its_parent_has_an_alert_of_its_own(
    watch: Watch, parent: State, child: State
) -> None:
    watch.add("media")
    watch.add("room", "media")
    later = NOON + 70 * SECOND
    watch.stands("media", parent, later, since=NOON)
    watch.stands("room", child, later, since=NOON)
    watch.follow(later)
    assert "room" in watch.open()


def test_a_parent_whose_silence_is_told_to_nobody_explains_no_silence(watch: Watch) -> None:
    watch.add("quiet")
    watch.targets["quiet"] = replace(watch.targets["quiet"], module={"unknown_after": 0})
    watch.add("room", "quiet")
    later = NOON + 2000 * SECOND
    for name in watch.targets:
        watch.stands(name, UNKNOWN, later, since=NOON)
    watch.follow(later)
    assert watch.open() == ["room"]


def test_a_parent_that_rests_between_lessons_explains_nothing(watch: Watch) -> None:
    watch.add("live")
    watch.add("recorder", "live")
    watch.stands("live", MAINTENANCE, NOON - SECOND)
    watch.stands("recorder", DOWN, NOON)
    watch.resting = {"live"}
    watch.follow(NOON + SECOND)
    assert watch.open() == ["recorder"]


def test_a_child_last_seen_in_its_parents_maintenance_is_looked_at_before_it_alerts(
    watch: Watch,
) -> None:
    watch.add("media")
    watch.add("room", "media")
    watch.stands("room", DOWN, NOON)
    watch.stands("media", OK, NOON + 9 * SECOND, since=NOON - 3600 * SECOND)
    watch.well["media"] = NOON + 9 * SECOND
    watch.follow(NOON + 9 * SECOND)
    assert watch.open() == []
    watch.stands("room", DOWN, NOON + 10 * SECOND)
    watch.follow(NOON + 10 * SECOND)
    assert watch.open() == ["room"]
