"""What a prober that begins anew still knows of its targets."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

from probes import targets
from probes.model import State, Target
from store.access import Actor
from store.db import Database
from tests.patience import until
from tests.sites import say, web
from tests.test_probes_engine import add, is_, newest, opened, probing
from tests.test_probes_hls import Stream

RECORDING = "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-ENDLIST"
ENDED = "The broadcast has ended."


def end(stream: Stream) -> None:
    """The encoder leaves the recording in the place of what was live."""
    stream.freeze()
    stream.ended = RECORDING


def looked_anew(database: Database, actor: Actor, target: Target) -> None:
    began = datetime.now(UTC)
    until(lambda: newest(database, actor, target).at > began)


def says(database: Database, actor: Actor, target: Target, words: str) -> None:
    until(lambda: str(newest(database, actor, target).why) == words)


def test_a_live_stream_that_ended_meanwhile_is_no_recording(database: Database, ana: Actor) -> None:
    stream = Stream()
    with web(stream.answer) as url:
        with probing(database):
            target = add(database, ana, "Live", f"{url}/live.m3u8", prober="hls")
            until(is_(database, ana, target, State.OK))
        end(stream)
        for _ in range(2):
            with probing(database):
                looked_anew(database, ana, target)
                until(is_(database, ana, target, State.DOWN))
                says(database, ana, target, ENDED)
                until(lambda: len(opened(database, ana)) == 1)
                time.sleep(1.2)  # one more look
                assert newest(database, ana, target).state is State.DOWN


def test_a_live_stream_stays_ended_over_another_failure_and_two_restarts(
    database: Database, ana: Actor
) -> None:
    stream = Stream()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if broken:
            say(handler, b"", 503)
        else:
            stream.answer(handler)

    broken = False
    with web(answer) as url:
        with probing(database):
            target = add(database, ana, "Live", f"{url}/live.m3u8", prober="hls")
            until(is_(database, ana, target, State.OK))
            end(stream)
            says(database, ana, target, ENDED)
            broken = True
            says(database, ana, target, "It answers with status 503; expected 200.")
        with probing(database):
            looked_anew(database, ana, target)
            says(database, ana, target, "It answers with status 503; expected 200.")
        broken = False
        with probing(database):
            looked_anew(database, ana, target)
            until(is_(database, ana, target, State.DOWN))
            says(database, ana, target, ENDED)
            time.sleep(2.2)  # two more looks
            assert newest(database, ana, target).state is State.DOWN


def test_a_recording_is_well_at_each_start_and_in_the_place_of_a_live_stream(
    database: Database, ana: Actor
) -> None:
    stream, recording = Stream(), Stream()
    end(recording)
    with web(stream.answer) as url, web(recording.answer) as other:
        with probing(database):
            target = add(database, ana, "Live", f"{url}/live.m3u8", prober="hls")
            lecture = add(database, ana, "Lecture", f"{other}/old.m3u8", prober="hls")
            until(is_(database, ana, target, State.OK))
            until(is_(database, ana, lecture, State.OK))
        with probing(database):
            looked_anew(database, ana, lecture)
            with database.begin() as tx:
                moved = replace(targets.get(tx, ana, target.id), address=f"{other}/old.m3u8")
                targets.change(tx, ana, moved, now=datetime.now(UTC))
            changed = datetime.now(UTC) + timedelta(seconds=2)
            until(lambda: newest(database, ana, target).at > changed)
            for each in (target, lecture):
                assert newest(database, ana, each).state is State.OK
