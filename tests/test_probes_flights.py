"""How long a probe may take, and whose answer others wait for."""

from math import inf

from probes.flights import CONFIRMING, Flights
from probes.judge import Standing
from probes.model import State, Target
from probes.probers.base import Verdict

TARGET = Target("t", "s", "LMS", "http", "http://lms.example/", {"timeout": 2.0})
DOUBTED = Standing(State.SUSPECT, failures=1)
TIMED_OUT = Verdict(state=State.DOWN, slow=True)


def told(*verdicts: tuple[float, Verdict]) -> Flights:
    """After probes that took so many seconds and ended so."""
    flights = Flights()
    for seconds, verdict in verdicts:
        flight = flights.begin("t", 0.0)
        earlier = type(flight)(flight.began - seconds, 0.0)
        flights.ended("t", earlier, verdict)
    return flights


def test_a_quick_one_that_hangs_has_half_the_time_to_confirm_it() -> None:
    flights = told((0.1, Verdict()), (2.0, TIMED_OUT))
    assert flights.time(TARGET, DOUBTED) == 2.0 * CONFIRMING
    assert flights.time(TARGET, Standing()) == 2.0


def test_one_that_refused_or_usually_takes_long_or_is_new_has_all_its_time() -> None:
    refused = Verdict(state=State.DOWN)
    assert told((0.1, Verdict()), (0.1, refused)).time(TARGET, DOUBTED) == 2.0
    assert told((1.2, Verdict()), (2.0, TIMED_OUT)).time(TARGET, DOUBTED) == 2.0
    assert told((2.0, TIMED_OUT)).time(TARGET, DOUBTED) == 2.0


def test_who_asked_just_before_an_answer_wants_one_more() -> None:
    flights = Flights()
    assert flights.wanted("t") == inf
    flights.begin("t", 0.0)
    flights.ask("t")
    assert flights.answers("t")
    assert 0 < flights.wanted("t") < 1


def test_what_was_forgotten_during_its_probe_is_not_heard() -> None:
    flights = Flights()
    flight = flights.begin("t", 0.0)
    assert flights.is_last("t", flight)
    flights.forget("t")
    assert not flights.is_last("t", flight)
    flights.begin("t", 0.0)
    assert not flights.is_last("t", flight)
