"""Connections: a secret goes in and never comes out, an address is checked before it is kept."""

from typing import Any

import pytest

from console.desk import connections, limits
from console.desk.connections import Adapters, BadConnection
from platforms.base import PlatformError
from platforms.moodle import Moodle
from store import access, audit, schools
from store.access import Actor, Denied
from store.db import Connection, Database, text
from store.schools import School
from store.vault import Vault, VaultError
from tests.conftest import NOON
from tests.wire import as_json, reply, serving

KEY = b"uXzmAm2cYvSbKJQlHxK6sE0lAGkT6OuAYrXTWjhAHlw="
URL = "https://moodle.school14.example"


@pytest.fixture
def vault() -> Vault:
    return Vault(KEY)


def added(tx: Connection, actor: Actor, school: School, vault: Vault, **changes: str) -> str:
    given: dict[str, Any] = {
        "platform": "moodle",
        "name": "Moodle",
        "url": URL,
        "secret": "t0ken",
    } | changes
    return connections.add(tx, actor, school.id, vault, now=NOON, **given)


def test_a_secret_is_kept_sealed_and_shown_to_nobody(
    database: Database, ada: Actor, school: School, vault: Vault
) -> None:
    with database.begin() as tx:
        id_ = added(tx, ada, school, vault)
        row = tx.execute(text("SELECT * FROM connection")).one()
        assert "t0ken" not in repr(row)
        assert vault.open(row.secret_sealed) == "t0ken"
        kept = connections.get(tx, ada, id_)
        assert "t0ken" not in repr(kept)
        assert (kept.state, kept.detail, kept.url) == ("new", None, URL)
        assert "t0ken" not in repr(audit.entries(tx, ada, school.id))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"platform": "zoom"}, "no platform zoom. Choose one of: moodle, bigbluebutton, jitsi"),
        ({"name": "  "}, "Give the connection a name"),
        ({"secret": " "}, "Enter the secret"),
        ({"url": "moodle.example.org"}, "not the address of a site"),
        ({"url": "https://me:pw@moodle.example.org"}, "Leave the name and the password out"),
        ({"url": "file:///etc/passwd"}, "not the address of a site"),
    ],
)
def test_what_cannot_be_a_connection_is_refused_in_words_and_not_kept(
    database: Database,
    ada: Actor,
    school: School,
    vault: Vault,
    changes: dict[str, str],
    said: str,
) -> None:
    with database.begin() as tx:
        with pytest.raises((BadConnection, PlatformError), match=said):
            added(tx, ada, school, vault, **changes)
        assert connections.of(tx, ada, school.id) == []


def test_a_name_is_given_once(database: Database, ada: Actor, school: School, vault: Vault) -> None:
    with database.begin() as tx:
        added(tx, ada, school, vault)
        with pytest.raises(BadConnection, match="called Moodle is there already"):
            added(tx, ada, school, vault, name=" Moodle ")


def test_a_simulated_school_keeps_loopback_addresses_only(database: Database, vault: Vault) -> None:
    with database.begin() as tx:
        campus = schools.found(
            tx,
            access.system(),
            "Campus",
            time_zone="UTC",
            language="en",
            now=NOON,
            simulated=True,
        )
        actor = access.system(campus.id)
        with pytest.raises(PlatformError, match="this machine only"):
            added(tx, actor, campus, vault)
        id_ = added(tx, actor, campus, vault, url="http://127.0.0.1:8080")
        with pytest.raises(PlatformError, match="this machine only"):
            connections.change(tx, actor, id_, vault, url=URL, secret="x", now=NOON)
        assert connections.get(tx, actor, id_).options == {"loopback_only": "1"}
        connections.change(tx, actor, id_, vault, options={"level_field": "rank"}, now=NOON)
        assert connections.get(tx, actor, id_).options["loopback_only"] == "1"


def test_another_host_takes_its_secret_anew(
    database: Database, ada: Actor, school: School, vault: Vault
) -> None:
    with database.begin() as tx:
        id_ = added(tx, ada, school, vault)
        with pytest.raises(BadConnection, match="enter its secret as well"):
            connections.change(tx, ada, id_, vault, url="https://thief.example", now=NOON)
        connections.change(tx, ada, id_, vault, url=f"{URL}/lms", name="LMS", now=NOON)
        changed = connections.get(tx, ada, id_)
        assert (changed.url, changed.name) == (f"{URL}/lms", "LMS")
        row = tx.execute(text("SELECT secret_sealed FROM connection")).one()
        assert vault.open(row.secret_sealed) == "t0ken"


def test_a_removed_connection_is_said_to_be_removed(
    database: Database, ada: Actor, school: School, vault: Vault
) -> None:
    with database.begin() as tx:
        id_ = added(tx, ada, school, vault)
        connections.remove(tx, ada, id_, now=NOON)
        assert connections.of(tx, ada, school.id) == []
        with pytest.raises(PlatformError, match="This connection was removed"):
            connections.adapter(tx, vault, id_)


def test_a_test_says_what_is_wrong_and_keeps_it(
    database: Database, ada: Actor, school: School, vault: Vault
) -> None:
    refused = as_json({"exception": "x", "errorcode": "invalidtoken", "message": "x"})
    with serving(refused) as wire:
        with database.begin() as tx:
            id_ = added(tx, ada, school, vault, url=wire.url)
        health = connections.test(database, ada, vault, id_, NOON)
    assert "does not know the token" in health.problem
    with database.read() as tx:
        kept = connections.get(tx, ada, id_)
    assert (kept.state, kept.checked_at) == ("failing", NOON)
    assert "127.0.0.1" in str(kept.detail)
    assert "does not know the token" in str(kept.detail)


def test_missing_functions_are_kept_with_the_advice(
    database: Database, ada: Actor, school: School, vault: Vault
) -> None:
    info = {"userid": 3, "release": "4.5", "functions": [{"name": "core_webservice_get_site_info"}]}
    with serving(as_json(info)) as wire:
        with database.begin() as tx:
            id_ = added(tx, ada, school, vault, url=wire.url)
        health = connections.test(database, ada, vault, id_, NOON)
    assert "core_user_update_users" in health.missing
    with database.read() as tx:
        kept = connections.get(tx, ada, id_)
    assert "lacks 10 functions" in str(kept.detail)
    assert "core_user_update_users" in str(kept.advice)


def test_an_adapter_is_kept_until_its_connection_changes(
    database: Database, ada: Actor, school: School, vault: Vault
) -> None:
    with database.begin() as tx:
        id_ = added(tx, ada, school, vault)
    adapters = Adapters(database, vault)
    first = adapters(id_)
    assert isinstance(first, Moodle)
    assert adapters(id_) is first
    with database.begin() as tx:
        connections.change(tx, ada, id_, vault, secret="another", now=NOON)
    assert adapters(id_) is not first


def test_a_lost_key_opens_nothing(
    database: Database, ada: Actor, school: School, vault: Vault
) -> None:
    with database.begin() as tx:
        id_ = added(tx, ada, school, vault)
        with pytest.raises(VaultError):
            connections.adapter(tx, Vault(KEY.replace(b"u", b"v", 1)), id_)


def test_only_an_administrator_of_the_school_touches_connections(
    database: Database,
    school: School,
    ada: Actor,
    ana: Actor,
    zoe: Actor,
    eve: Actor,
    vault: Vault,
) -> None:
    with database.begin() as tx:
        id_ = added(tx, ada, school, vault)
    for actor in (ana, zoe, eve):
        with database.begin() as tx:
            with pytest.raises(Denied):
                added(tx, actor, school, vault, name="Another")
            with pytest.raises(Denied):
                connections.change(tx, actor, id_, vault, name="Mine", now=NOON)
            with pytest.raises(Denied):
                connections.remove(tx, actor, id_, now=NOON)
        with serving(reply("")), pytest.raises(Denied):
            connections.test(database, actor, vault, id_, NOON)
    for actor in (zoe, eve):
        with database.read() as tx:
            with pytest.raises(Denied):
                connections.of(tx, actor, school.id)
            with pytest.raises(Denied):
                connections.get(tx, actor, id_)
    with database.read() as tx:
        assert [one.name for one in connections.of(tx, ana, school.id)] == ["Moodle"]


def test_a_server_may_have_a_limit_of_its_own_and_one_by_licence(
    database: Database, school: School, ada: Actor, vault: Vault
) -> None:
    bounds = {"seats": "200", "licence": "300"}
    with database.begin() as tx:
        id_ = connections.add(
            tx, ada, school.id, vault, platform="bigbluebutton", name="A",
            url="https://bbb.example/bigbluebutton/api", secret="s", options=bounds, now=NOON,
        )  # fmt: skip
        server = limits.servers(tx, ada, school.id)[id_]
        assert (server.seats, server.licence) == (200, 300)
        with pytest.raises(BadConnection, match="how many people"):
            connections.change(tx, ada, id_, vault, options={"seats": "many"}, now=NOON)
