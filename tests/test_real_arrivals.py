"""Read a real Synapse by its own order: what comes late is read when it comes."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from moderation import intake, welfare
from platforms.base import Comment, PlatformError
from platforms.matrix import Matrix, arrivals
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.moderation_platform import connect
from tests.synapse import Synapse
from tests.test_real_matrix import edit, matrix

pytestmark = pytest.mark.servers
HOURS = timedelta(hours=5)


class Reader:
    """What one connection has read so far."""

    def __init__(self, adapter: Matrix) -> None:
        self.adapter, self.cursor = adapter, ""

    def new(self, since: datetime | None = None) -> list[Comment]:
        """To the end, also what comes twice."""
        found = list[Comment]()
        for _ in range(50):
            page = self.adapter.arrived(self.cursor, since=since)
            self.cursor = page.cursor
            found += page.comments
            if not page.more:
                return found
        raise AssertionError("It never ends.")

    def said(self, since: datetime | None = None) -> list[str]:
        return [one.text for one in self.new(since)]


def test_a_message_written_hours_ago_is_read_when_it_comes(synapse: Synapse) -> None:
    joe_id, joe = synapse.person("joe")
    room = synapse.room(joe, synapse.token)
    synapse.say(joe, room, "early")
    reader = Reader(matrix(synapse, room))
    assert reader.said() == ["early"]
    assert reader.said() == []
    written = datetime.now(UTC) - HOURS
    late = synapse.say_late(joe_id, room, "held back", written=written)
    [found] = reader.new()
    assert (found.external_id, found.text) == (late, "held back")
    assert abs(found.written_at - written) < timedelta(seconds=1)
    assert reader.said() == []


def test_it_is_read_where_it_stands_far_behind_in_the_room_and_more_came_than_a_sync_brings(
    synapse: Synapse,
) -> None:
    """As another server's message that answers what is long past: its depth is small."""
    joe_id, joe = synapse.person("joe")
    room = synapse.room(joe, synapse.token)
    for number in range(3):
        synapse.say(joe, room, f"old {number}")
    reader = Reader(matrix(synapse, room))
    assert len(reader.said()) == 3
    late = synapse.say_late(joe_id, room, "held back", written=datetime.now(UTC) - HOURS)
    many = [f"new {number}" for number in range(arrivals.AT_ONCE + 5)]
    for each in many:
        synapse.say(joe, room, each)
    synapse.stop()
    with sqlite3.connect(synapse.folder / "synapse.db") as stored:
        event = late.partition("/")[2]
        stored.execute(
            "UPDATE events SET topological_ordering = 5, depth = 5 WHERE event_id = ?", [event]
        )
    synapse.start()
    assert set(reader.said()) == {"held back", *many}
    assert reader.said() == []


def test_a_room_that_comes_is_read_from_its_beginning_and_one_that_came_back_from_where_it_was(
    synapse: Synapse,
) -> None:
    _, joe = synapse.person("joe")
    first, second = synapse.room(joe, synapse.token), synapse.room(joe)
    synapse.say(joe, first, "in the first")
    synapse.say(joe, second, "before Pult came")
    reader = Reader(matrix(synapse, first))
    assert reader.said() == ["in the first"]
    reader.adapter = matrix(synapse, first, second)
    assert reader.said() == ["before Pult came"]
    reader.adapter = matrix(synapse, first)
    assert reader.said() == []
    synapse.say(joe, second, "while nobody looked")
    assert reader.said() == []
    reader.adapter = matrix(synapse, first, second)
    assert reader.said() == ["while nobody looked"]


def test_a_room_that_was_purged_does_not_keep_the_others_from_being_read(
    synapse: Synapse,
) -> None:
    _, joe = synapse.person("joe")
    stays, goes = synapse.room(joe, synapse.token), synapse.room(joe, synapse.token)
    reader = Reader(matrix(synapse, goes, stays))
    assert reader.said() == []
    body = {"purge": True, "force_purge": True}
    synapse.call("DELETE", f"/_synapse/admin/v1/rooms/{goes}", synapse.token, body)
    synapse.say(joe, stays, "still here")
    assert reader.said() == ["still here"]
    with pytest.raises(PlatformError, match="Correct the rooms"):
        reader.new()
    synapse.say(joe, stays, "and here")
    assert reader.said() == ["and here"]


def test_with_a_token_that_synapse_does_not_know_reading_begins_again_where_it_is_told(
    synapse: Synapse,
) -> None:
    _, joe = synapse.person("joe")
    room = synapse.room(joe, synapse.token)
    reader = Reader(matrix(synapse, room))
    synapse.say(joe, room, "long known")
    [known] = reader.new()
    synapse.say(joe, room, "just now")
    since = known.written_at + timedelta(milliseconds=1)
    for broken in ({"since": "of another time"}, {"account": "@pult:elsewhere"}):
        reader.cursor = json.dumps({**json.loads(reader.cursor), **broken})
        assert reader.said(since) == ["just now"]
        assert reader.said(since) == []


def test_late_and_repeated_messages_are_one_comment_each(
    database: Database, school: School, ben: Actor, synapse: Synapse
) -> None:
    joe_id, joe = synapse.person("joe")
    room = synapse.room(joe, synapse.token)
    synapse.say(joe, room, "early")
    adapter = matrix(synapse, room)
    with database.begin() as tx:
        connect(tx, school)

    def pull() -> int:
        now = datetime.now(UTC)
        return intake.pull(database, ben, "lms", lambda _: adapter, now=now)

    assert [pull(), pull()] == [1, 0]
    synapse.say_late(joe_id, room, "held back", written=datetime.now(UTC) - HOURS)
    with database.read() as tx:
        before = tx.execute(text("SELECT place FROM intake_cursor")).scalar_one()
    assert [pull(), pull()] == [1, 0]
    with database.begin() as tx:  # the same is delivered once more
        tx.execute(text("UPDATE intake_cursor SET place = :place"), {"place": before})
    assert pull() == 0
    with database.read() as tx:
        kept = tx.execute(text("SELECT text FROM comment ORDER BY written_at")).scalars().all()
    assert kept == ["held back", "early"]


def test_a_cry_for_help_that_was_edited_away_before_anybody_read_it_raises_the_alarm(
    database: Database, school: School, ben: Actor, ana: Actor, synapse: Synapse
) -> None:
    _, joe = synapse.person("joe")
    room = synapse.room(joe, synapse.token)
    cry = synapse.say(joe, room, "I want to die")
    synapse.say(
        joe, room, "* maybe I should kill myself", **edit("maybe I should kill myself", cry)
    )
    synapse.say(joe, room, "* never mind", **edit("never mind", cry))
    adapter = matrix(synapse, room)
    with database.begin() as tx:
        connect(tx, school)
    for _again in range(2):
        intake.pull(database, ben, "lms", lambda _: adapter, now=datetime.now(UTC))
    with database.begin() as tx:
        alarms = welfare.open_(tx, ana, school.id)
        assert {each.said for each in alarms} == {
            "I want to die", "maybe I should kill myself",
        }  # fmt: skip
        assert tx.execute(text("SELECT text FROM comment")).scalars().all() == ["never mind"]
        for each in alarms:
            welfare.acknowledge(tx, ana, each.id, "called home", now=datetime.now(UTC))
        tx.execute(text("DELETE FROM intake_cursor"))  # all is delivered once more
    intake.pull(database, ben, "lms", lambda _: adapter, now=datetime.now(UTC))
    with database.read() as tx:
        assert welfare.open_(tx, ana, school.id) == []
