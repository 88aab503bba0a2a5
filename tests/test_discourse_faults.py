"""However the way to a Discourse fails, no receipt says more than is so, and all is given back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from shutil import copytree

import pytest

from moderation import actions, calls
from moderation.model import ActionKind
from platforms.capabilities import CommentEditor
from store import db
from tests import wire
from tests.discourse import ADMIN, HOOK, KEY, Discourse
from tests.failing import STEADY, Desk, Place, Way, desk_of
from tests.faults import Fault, before

DAY = timedelta(days=1)
KINDS: tuple[ActionKind, ...] = ("remove comment", "suspend account", "mute account")


@pytest.fixture
def site() -> Discourse:
    made = Discourse(began=datetime.now(UTC) - timedelta(hours=3))
    made.user(1, ADMIN, admin=True)
    return made


@pytest.fixture
def place(site: Discourse) -> Iterator[Place]:
    numbers = count(2)

    def new(kind: ActionKind) -> str:
        """Something said in the one topic; somebody whom others hold in the other way."""
        number = next(numbers)
        if kind == "remove comment":
            return str(site.write(1, f"you fool, number {number}"))
        other = {"suspend account": "silenced_till", "mute account": "suspended_till"}[kind]
        site.user(number, f"joe{number}", **{other: "2099-05-01T10:00:00.000Z"})
        return str(number)

    with wire.serving(site.answer) as served:
        port = int(served.url.rpartition(":")[2])
        with before(port, yes=b"{}", restart=lambda: None) as faults:
            yield Place(
                faults,
                Way("discourse", served.url, f"{KEY} {HOOK}", {"username": ADMIN}),
                lambda method, _path: method != "GET",
                KINDS,
                new,
                lambda: None,
            )


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path, place: Place) -> Iterator[Desk]:
    copytree(sqlite_template, tmp_path / "data")
    opened = db.connect(tmp_path / "data")
    yield desk_of(opened, {"discourse": place})
    opened.close()


@pytest.mark.parametrize("fault", STEADY)
@pytest.mark.parametrize(
    ("kind", "begun"), [(KINDS[0], True), (KINDS[0], False), (KINDS[1], True), (KINDS[2], True)]
)
def test_a_fault_at_the_call_is_never_called_done_and_made_good(
    desk: Desk, site: Discourse, place: Place, kind: ActionKind, begun: bool, fault: Fault
) -> None:
    if begun:  # else what is removed is the first post of its topic
        site.write(1, "A topic that others began")
    external_id = desk.subject("discourse", kind)
    before_it = _stands(site)
    there = desk.ask("discourse", kind, external_id)
    with place.failing(fault):
        desk.do(there)
    desk.honest(there)
    desk.settle()
    desk.honest(there)
    if fault == "forbidden":
        assert desk.read(there).receipt.state == "refused"
        return
    assert desk.read(there).receipt.state == "verified"
    assert calls.undoable(place.clean, kind)
    back = desk.undo(there)
    with place.failing(fault):
        desk.do(back)
    desk.honest(back)
    desk.settle()
    desk.honest(back)
    assert desk.read(back).receipt.state == "verified"
    assert _stands(site) == before_it


@pytest.mark.parametrize("kind", ["suspend account", "mute account"])
def test_a_hold_that_ends_before_ours_is_laid_on_longer_and_given_back_as_it_was(
    desk: Desk, site: Discourse, kind: ActionKind
) -> None:
    external_id = desk.subject("discourse", kind)
    till = {"suspend account": "suspended_till", "mute account": "silenced_till"}[kind]
    tomorrow = (datetime.now(UTC) + DAY).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    site.users[int(external_id)][till] = tomorrow
    asked = []
    for days in (30, 60):  # the later one takes the place of the earlier, and its way back
        until = datetime.now(UTC) + days * DAY
        with desk.db.begin() as tx:
            asked.append(
                actions.request(
                    tx,
                    desk.ben,
                    kind,
                    school_id=desk.school_id,
                    connection_id="discourse",
                    external_id=external_id,
                    until=until,
                    now=desk.now,
                )
            )
        desk.do(asked[-1])
        assert desk.read(asked[-1]).receipt.state == "verified"
        held = datetime.fromisoformat(site.users[int(external_id)][till])
        assert abs(held - until) < timedelta(seconds=1)
    back = desk.undo(asked[-1])
    desk.do(back)
    assert desk.read(back).receipt.state == "verified"
    assert site.users[int(external_id)][till] == tomorrow


@pytest.mark.parametrize("fault", ["lost", "ignored", "torn"])
def test_an_edit_is_done_when_the_words_stand_there(
    desk: Desk, site: Discourse, place: Place, fault: Fault
) -> None:
    external_id = desk.subject("discourse", "remove comment")
    with desk.db.begin() as tx:
        there = actions.request(
            tx,
            desk.ben,
            "edit comment",
            school_id=desk.school_id,
            connection_id="discourse",
            external_id=external_id,
            wording="It falls, because\nof 5 < 6.",
            now=desk.now,
        )
    desk.asked.append(there)
    before_it = _stands(site)
    with place.failing(fault):
        desk.do(there)
    desk.honest(there)
    desk.settle()
    assert desk.read(there).receipt.state == "verified"
    assert isinstance(place.clean, CommentEditor)
    assert place.clean.wording(external_id) == "It falls, because\nof 5 < 6."
    back = desk.undo(there)
    desk.do(back)
    assert desk.read(back).receipt.state == "verified"
    assert _stands(site) == before_it


def _stands(site: Discourse) -> tuple[object, ...]:
    """All that readers and people would notice."""
    posts = [(post["raw"], bool(post["deleted_at"])) for post in site.posts.values()]
    titles = [topic["title"] for topic in site.topics.values()]
    held = [(user["suspended_till"], user["silenced_till"]) for user in site.users.values()]
    return posts, titles, held
