"""How long a probe may take, and whose answer others wait for."""

from dataclasses import replace
from datetime import timedelta
from math import inf
from time import monotonic

import pytest

from probes.course import CONFIRMING, LONGEST_TICK, Course
from probes.judge import Standing
from probes.model import State, Target
from probes.probers.base import Verdict

TARGET = Target("t", "s", "LMS", "http", "http://lms.example/", {"timeout": 2.0})
DOUBTED = Standing(State.SUSPECT, failures=1)
TIMED_OUT = Verdict(state=State.DOWN, slow=True)


def told(
    *verdicts: tuple[float, Verdict], standing: Standing = DOUBTED, target: Target = TARGET
) -> Course:
    """After probes that took so many seconds and ended so."""
    course = Course(target, standing)
    for seconds, verdict in verdicts:
        course.begin(0.0)
        course.began -= seconds
        course.ended(verdict)
    return course


def test_a_quick_one_that_hangs_has_half_the_time_to_confirm_it() -> None:
    hanging = (0.1, Verdict()), (2.0, TIMED_OUT)
    assert told(*hanging).time == 2.0 * CONFIRMING
    assert told(*hanging, standing=Standing()).time == 2.0


def test_one_that_refused_or_usually_takes_long_or_is_new_has_all_its_time() -> None:
    refused = Verdict(state=State.DOWN)
    assert told((0.1, Verdict()), (0.1, refused)).time == 2.0
    assert told((1.2, Verdict()), (2.0, TIMED_OUT)).time == 2.0
    assert told((2.0, TIMED_OUT)).time == 2.0


@pytest.mark.parametrize("prober", ["classroom", "smtp"])
def test_one_with_much_time_has_less_while_it_is_known_to_be_quick(prober: str) -> None:
    target = Target("t", "s", "Rooms", prober, "")
    well, down = Standing(State.OK), Standing(State.DOWN, failures=2)
    quick, hanging = (0.1, Verdict()), (3.0, TIMED_OUT)
    assert told(quick, standing=well, target=target).time == 3.0
    assert told(quick, hanging, target=target).time == 3.0 * CONFIRMING
    assert told(quick, hanging, hanging, standing=down, target=target).time == 10.0
    assert told((1.2, Verdict()), standing=well, target=target).time == 10.0
    assert told(standing=Standing(), target=target).time == 10.0
    patient = replace(target, module={"timeout": 8.0})
    assert told(quick, standing=well, target=patient).time == 8.0


def test_looks_at_a_stream_are_one_answer_an_interval_and_other_probes_each_their_own() -> None:
    course = Course(TARGET, Standing())
    assert [course.further(), course.further()] == [False, False]
    course.ended(Verdict(None, again=0.3))
    assert [course.further(), course.further()] == [True, True]


def test_who_asked_just_before_an_answer_wants_one_more() -> None:
    course = Course(TARGET, Standing())
    assert course.wanted == inf
    course.begin(0.0)
    course.ask()
    assert course.answers(monotonic())
    assert 0 < course.wanted < 1


@pytest.mark.parametrize("interval", [60.0, 97.3, 300.0])
def test_an_interval_counts_from_the_beginning_of_a_probe(interval: float) -> None:
    target = replace(TARGET, interval=timedelta(seconds=interval))
    for took in (0.0, 0.05 * interval):
        course = told((took, Verdict()), target=target)
        late = [course.following - course.began - interval for _ in range(100)]
        assert all(-LONGEST_TICK < each <= LONGEST_TICK for each in late)


def test_who_answers_later_than_it_is_due_rests_all_the_same() -> None:
    course = told((3.0, TIMED_OUT), target=replace(TARGET, interval=timedelta(seconds=1)))
    now = monotonic()
    assert course.following > now + 0.7


def test_those_of_an_interval_begin_together() -> None:
    target = replace(TARGET, interval=timedelta(seconds=15))
    courses = [told((0.0, Verdict()), target=target) for _ in range(200)]
    assert len({course.following for course in courses}) < 20
