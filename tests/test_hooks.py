"""What platforms deliver by themselves, over real sockets: signed, once, never over newer words."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
import requests

from console.desk import connections, sync
from console.sections import Public, Settings
from console.web.signed import FORGED, LARGEST
from console.wiring import Console
from moderation import actions, intake, keeping, review
from store import access, vault
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests import wire
from tests.discourse import ADMIN, HOOK, KEY, Discourse
from tests.listening import listening
from tests.running import free_port


@pytest.fixture
def site() -> Discourse:
    return Discourse(began=datetime.now(UTC) - timedelta(hours=3))


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Console:
    settings = replace(Settings(), data=tmp_path, public=Public(port=free_port()))
    return Console(settings, database, vault.at(tmp_path / "vault.key"))


@pytest.fixture
def forum(console: Console, site: Discourse, school: School) -> Iterator[str]:
    """The connection's id."""
    with wire.serving(site.answer) as served:
        with console.db.begin() as tx:
            id_ = _connect(tx, console, school, "discourse", served.url)
        yield id_


@pytest.fixture
def url(console: Console) -> Iterator[str]:
    with listening(console) as address:
        yield f"{address}/hooks"


def deliver(url: str, forum: str, delivery: tuple[dict[str, str], bytes]) -> requests.Response:
    headers, body = delivery
    return requests.post(f"{url}/{forum}", body, headers=headers, timeout=60)


def shown(database: Database) -> list[str]:
    with database.read() as tx:
        return list(tx.execute(text("SELECT html FROM comment ORDER BY external_id")).scalars())


def wordings(database: Database) -> set[str]:
    with database.read() as tx:
        return set(tx.execute(text("SELECT html FROM comment_version")).scalars())


def waiting(console: Console, actor: Actor, school: School) -> int:
    with console.db.read() as tx:
        return review.count(tx, actor, school.id)[0]


def test_a_delivered_post_is_kept_and_screened_at_once(
    console: Console, url: str, forum: str, site: Discourse, school: School, ben: Actor
) -> None:
    post = site.write(5, "what an idiot you are")
    answer = deliver(url, forum, site.delivery("post_created", post))
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert shown(console.db) == ["what an idiot you are"]
    assert waiting(console, ben, school) == 1


def test_deliveries_and_pulls_of_the_same_post_are_one_comment(
    console: Console, url: str, forum: str, site: Discourse, school: School, ben: Actor
) -> None:
    post = site.write(5, "what an idiot you are")
    delivery = site.delivery("post_created", post)
    deliver(url, forum, delivery)
    pulled = intake.pull(console.db, ben, forum, console.adapters, now=console.now())
    deliver(url, forum, delivery)
    assert (pulled, len(shown(console.db)), waiting(console, ben, school)) == (0, 1, 1)


def test_a_late_delivery_never_takes_the_place_of_newer_words(
    console: Console, url: str, forum: str, site: Discourse, ben: Actor
) -> None:
    post = site.write(5, "you idiot, it falls")
    late = site.delivery("post_created", post)
    site.revise(post, "Sorry: it falls")
    edited = site.delivery("post_edited", post)
    assert deliver(url, forum, edited).status_code == 200
    assert deliver(url, forum, late).status_code == 200
    assert shown(console.db) == ["Sorry: it falls"]
    assert wordings(console.db) == {"Sorry: it falls", "you idiot, it falls"}  # evidence of both


def test_edits_in_any_order_come_to_the_same_words(
    console: Console, url: str, forum: str, site: Discourse
) -> None:
    post = site.write(5, "first words")
    deliveries = [site.delivery("post_created", post)]
    for said in ("second words", "first words", "last words"):
        site.revise(post, said)
        deliveries.append(site.delivery("post_edited", post))
    for delivery in (deliveries[2], deliveries[1], deliveries[3], *deliveries):
        deliver(url, forum, delivery)
    assert shown(console.db) == ["last words"]


def test_deliveries_that_cross_leave_the_newest_words(
    console: Console, url: str, forum: str, site: Discourse
) -> None:
    post = site.write(5, "words of 0")
    deliveries = [site.delivery("post_created", post)]
    for number in range(1, 8):
        site.revise(post, f"words of {number}")
        deliveries.append(site.delivery("post_edited", post))
    crossing = deliveries * 2
    Random(14).shuffle(crossing)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda each: deliver(url, forum, each).status_code, crossing))
    assert set(statuses) == {200}
    assert shown(console.db) == ["words of 7"]
    assert len(wordings(console.db)) == 8


def test_people_come_with_the_sync_and_are_known_as_authors(
    console: Console, url: str, forum: str, site: Discourse, school: School, ada: Actor
) -> None:
    site.user(2, "joe")
    sync.sync(console.db, ada, forum, console.adapters, now=console.now())
    deliver(url, forum, site.delivery("post_created", site.write(5, "what an idiot")))
    with console.db.read() as tx:
        (case,) = review.waiting(tx, ada, school.id, now=console.now(), limit=5)
        author = review.author(tx, ada, case.id)
    assert [account.username for account in author.accounts] == ["joe"]


def test_what_was_erased_does_not_come_back_by_a_replay(
    console: Console, url: str, forum: str, site: Discourse, school: School, ada: Actor
) -> None:
    post = site.write(5, "my secret address")
    delivery = site.delivery("post_created", post)
    deliver(url, forum, delivery)
    with console.db.begin() as tx:
        keeping.erase(tx, ada, school.id, [(forum, "2")], now=console.now())
    before = shown(console.db), wordings(console.db)
    assert deliver(url, forum, delivery).status_code == 200
    assert (shown(console.db), wordings(console.db)) == before
    assert "my secret address" not in str(before)


def test_a_delivery_of_last_week_is_not_taken(
    console: Console, url: str, forum: str, site: Discourse
) -> None:
    site.began = datetime.now(UTC) - timedelta(days=7)
    post = site.write(5, "long ago")
    assert deliver(url, forum, site.delivery("post_created", post)).status_code == 200
    assert shown(console.db) == []


def test_what_pult_removed_stays_removed_when_the_platform_tells_of_it(
    console: Console, url: str, forum: str, site: Discourse, school: School, ben: Actor
) -> None:
    post = site.write(5, "a first post, you idiot")
    deliver(url, forum, site.delivery("post_created", post))
    with console.db.begin() as tx:
        action = actions.request(
            tx, ben, "remove comment", school_id=school.id, connection_id=forum,
            external_id=str(post), now=console.now(),
        )  # fmt: skip
    done = actions.perform(console.db, ben, action, console.adapters, clock=console.now)
    assert done.state == "verified"
    deliver(url, forum, site.delivery("post_edited", post))
    assert shown(console.db) == ["a first post, you idiot"]


def test_a_wrong_signature_is_refused_and_a_flood_of_them_not_listened_to(
    console: Console, url: str, forum: str, site: Discourse
) -> None:
    headers, body = site.delivery("post_created", site.write(5, "what an idiot"))
    forged = headers, body.replace(b"idiot", b"angel")
    statuses = [deliver(url, forum, forged).status_code for _ in range(FORGED + 1)]
    assert (set(statuses[:-1]), statuses[-1]) == ({403}, 429)
    assert shown(console.db) == []


def test_a_delivery_is_bounded(url: str, forum: str) -> None:
    assert deliver(url, forum, ({}, b"x" * (LARGEST + 1))).status_code == 413


def test_nothing_is_delivered_to_other_addresses(
    console: Console, url: str, school: School, site: Discourse
) -> None:
    with console.db.begin() as tx:
        moodle = _connect(tx, console, school, "moodle", "http://127.0.0.1:9")
    for place in ("made-up", moodle):
        answer = deliver(url, place, site.delivery("post_created", site.write(5, "hello")))
        assert answer.status_code == 404
    assert requests.get(f"{url}/{moodle}", timeout=60).status_code == 405


def _connect(tx: Connection, console: Console, school: School, platform: str, url: str) -> str:
    return connections.add(
        tx,
        access.system(school.id),
        school.id,
        console.vault,
        platform=platform,
        name=platform,
        url=url,
        secret=f"{KEY} {HOOK}",
        options={"username": ADMIN} if platform == "discourse" else {},
        now=console.now(),
    )
