"""What an incident is called follows what was seen: in letters participants read it too."""

from datetime import timedelta
from pathlib import Path

import pytest

import probes
from console.desk import titles
from console.desk.incident_rows import Incident
from console.desk.notice_words import Cause, recovery
from probes.alerts import REMOVED, Alert
from probes.model import State, Target
from store.schools import School
from store.words import Words
from tests.conftest import NOON

STATUS = Words("It answers with status {status}; expected {expected}.", {"status": 500})
SLOW = Words(titles.SLOW, {"seconds": 4.0})
HEAVY = Words("Segments are heavier than the stream says.")
REFUSED = Words("{host} refuses the connection.", {"host": "a"})
NO_WORD = Words("The page lacks {word}.", {"word": "Welcome"})
STOOD = Words(titles.STOOD, {"seconds": 12})


@pytest.mark.parametrize(
    ("prober", "state", "why", "title"),
    [
        ("hls", State.DOWN, STOOD, "Live has stopped"),
        ("hls", State.SUSPECT, HEAVY, "Live is unwell"),
        ("hls", State.SUSPECT, STOOD, "Live is unwell"),
        ("hls", State.DOWN, REFUSED, "Live does not answer"),
        ("hls", State.DOWN, STATUS, "Live answers with errors"),
        ("http", State.DOWN, STATUS, "Live answers with errors"),
        ("http", State.DOWN, NO_WORD, "Live answers with errors"),
        ("http", State.DOWN, REFUSED, "Live does not answer"),
        ("http", State.DOWN, None, "Live does not answer"),
        ("http", State.SUSPECT, SLOW, "Live is slow"),
        ("tcp", State.DOWN, Words("Refused"), "Live does not answer"),
        ("tcp", State.UNKNOWN, None, "Live has told nothing for long"),
    ],
)
def test_the_title_says_what_was_seen(
    prober: str, state: State, why: Words | None, title: str
) -> None:
    every = timedelta(seconds=5)
    target = Target("t", "s", "Live", prober, "", interval=every)
    alert = Alert("a", "s", "t", "Live", state, "failure", NOON, why, None, None, None, None)
    assert str(titles.of(alert, target)) == title


@pytest.mark.parametrize("template", [titles.STOOD, titles.SLOW])
def test_the_sentences_that_titles_go_by_are_those_that_probes_say(template: str) -> None:
    probers = Path(probes.__file__).parent / "probers"
    assert any(f'"{template}"' in file.read_text() for file in probers.glob("*.py"))


@pytest.mark.parametrize(
    ("ended", "said"), [(Words(REMOVED), "No longer watched: "), (None, "Over: ")]
)
def test_what_is_watched_no_more_is_not_told_to_be_over(
    school: School, ended: Words | None, said: str
) -> None:
    title = Words("{name} does not answer", {"name": "Live"})
    incident = Incident(
        "i", school.id, "x", title, "down", 0, None, None, NOON, None, NOON, None, "t", "a", None,
        None, 0,
    )  # fmt: skip
    told = recovery(school, incident, Cause(ended=ended), "en", now=NOON)
    assert told.subject == f"[{school.name}] {said}Live does not answer"
