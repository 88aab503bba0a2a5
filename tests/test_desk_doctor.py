"""Doctor says of each part of the house what is wrong and what to do."""

import json
import shutil
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from console.desk import connections, doctor, relays
from probes import modules, targets
from probes.model import NamedModule
from store import access, audit, chain, db, heartbeats
from store.access import Actor, Denied
from store.db import Database, text
from store.schools import School
from store.vault import Vault
from tests import smtp
from tests.conftest import NOON
from tests.test_shell_backup import deliveries
from tests.wire import as_json, reply, serving

KEY = b"uXzmAm2cYvSbKJQlHxK6sE0lAGkT6OuAYrXTWjhAHlw="
NO_MEETINGS = (
    "<response><returncode>SUCCESS</returncode><meetings/><messageKey>noMeetings</messageKey>"
    "<bbbVersion>3.0.4</bbbVersion></response>"
)


def add(database: Database, school: School, name: str, platform: str, url: str) -> str:
    with database.begin() as tx:
        return connections.add(
            tx,
            access.system(school.id),
            school.id,
            Vault(KEY),
            platform=platform,
            name=name,
            url=url,
            secret="s3cret",
            now=NOON,
        )


def test_all_is_well_in_a_new_house(database: Database, ada: Actor) -> None:
    found = doctor.look(database, ada, Vault(KEY), now=NOON)
    assert [(one.name, one.state) for one in found] == [
        ("database", "ok"),
        ("time zones", "ok"),
        ("clock", "ok"),
        ("vault", "ok"),
        ("audit", "ok"),
        ("evidence", "ok"),
    ]
    assert list(doctor.problems(found)) == []


def test_each_connection_says_what_is_wrong_and_what_to_do(
    database: Database, ada: Actor, school: School
) -> None:
    refused = as_json({"exception": "x", "errorcode": "invalidtoken", "message": "x"})
    lacking = as_json({"userid": 3, "release": "4.5.6", "functions": []})
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        silent = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    with (
        serving(reply(NO_MEETINGS)) as well,
        serving(refused) as wrong,
        serving(lacking) as poor,
        serving(reply("<html>Welcome</html>")) as page,
    ):
        add(database, school, "1 well", "bigbluebutton", well.url)
        add(database, school, "2 token", "moodle", wrong.url)
        add(database, school, "3 functions", "moodle", poor.url)
        add(database, school, "4 silent", "moodle", silent)
        add(database, school, "5 page", "moodle", page.url)
        found = doctor.look(database, ada, Vault(KEY), now=NOON)[6:]
    problems = [str(one.problem) for one in found]
    assert [one.state for one in found] == ["ok", *["failing"] * 4]
    assert (found[0].problem, found[0].version) == (None, "3.0.4")
    assert "does not know the token" in problems[1]
    assert "Make a new one" in problems[1]
    assert "lacks 11 functions" in problems[2]
    assert "core_user_update_users" in found[2].missing
    assert "add to the service: " in str(found[2].advice)
    assert "does not answer. Check the address" in problems[3]
    assert "something that is not Moodle's data" in problems[4]
    assert "s3cret" not in json.dumps([one.to_json() for one in found])
    with database.read() as tx:
        kept = connections.of(tx, ada, school.id)
    assert [one.state for one in kept] == ["ok", *["failing"] * 4]
    assert str(kept[1].detail) == problems[1]


def test_a_lost_key_is_one_finding_not_one_a_connection(
    database: Database, ada: Actor, school: School
) -> None:
    add(database, school, "LMS", "moodle", "http://127.0.0.1:9")
    found = doctor.look(database, ada, Vault(KEY.replace(b"u", b"v", 1)), now=NOON)
    assert [one.name for one in doctor.problems(found)] == ["vault"]
    assert "Bring back the key file" in str(found[-1].advice)


def test_a_clock_that_went_back_is_told(database: Database, ada: Actor, school: School) -> None:
    with database.begin() as tx:
        audit.record(tx, ada, "sign in", "ada", school_id=school.id, now=NOON + timedelta(hours=3))
    found = doctor.look(database, ada, Vault(KEY), now=NOON)
    assert [one.name for one in doctor.problems(found)] == ["clock"]
    assert "2026-03-10 12:00 UTC" in str(found[2].problem)


def test_a_database_that_was_never_migrated_is_told(tmp_path: Path) -> None:
    empty = db.connect(tmp_path / "data")
    found = doctor.look(empty, access.system(), Vault(KEY), now=NOON)
    empty.close()
    assert [one.name for one in doctor.problems(found)] == ["database"]
    assert "python -m console migrate" in str(found[0].advice)
    shutil.rmtree(tmp_path / "data")


@pytest.mark.parametrize("who", ["ana", "eve"])
def test_only_who_administers_is_told(
    database: Database, who: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(Denied):
        doctor.look(database, request.getfixturevalue(who), Vault(KEY), now=NOON)


def test_another_schools_connections_are_not_told(
    database: Database, school: School, zoe: Actor
) -> None:
    add(database, school, "LMS", "moodle", "http://127.0.0.1:9")
    found = doctor.look(database, zoe, Vault(KEY), now=NOON)
    assert "LMS" not in {one.name for one in found}


KEY_OF_OTHERS = KEY.replace(b"u", b"v", 1)


def through(database: Database, ada: Actor, school: School, vault: Vault, url: str) -> None:
    with database.begin() as tx:
        relays.save(tx, ada, school.id, vault, url=url, sender="S <s@a.test>", now=NOON)


def test_a_relay_that_the_key_does_not_open_is_told(
    database: Database, ada: Actor, school: School
) -> None:
    through(database, ada, school, Vault(KEY_OF_OTHERS), "smtp://127.0.0.1:9")
    (found,) = doctor.problems(doctor.look(database, ada, Vault(KEY), now=NOON))
    assert found.name == "vault"
    assert "the mail relay" in str(found.advice)


@pytest.mark.parametrize("of", ["module", "target"])
@pytest.mark.parametrize(("key", "problems"), [(KEY, []), (KEY_OF_OTHERS, ["vault"])])
def test_a_probe_s_secret_that_the_key_does_not_open_is_told(
    database: Database, ada: Actor, school: School, of: str, key: bytes, problems: list[str]
) -> None:
    sealed = {"password": Vault(key).seal("hush")}
    with database.begin() as tx:
        if of == "module":
            turn = NamedModule("", school.id, "TURN", "turn", {"username": "probe"}, sealed)
            modules.add(tx, ada, turn, now=NOON)
        else:
            targets.add(
                tx, ada, school.id, name="TURN", prober="turn", address="127.0.0.1:9",
                module={"username": "probe"}, sealed=sealed, now=NOON,
            )  # fmt: skip
    found = doctor.look(database, ada, Vault(KEY), now=NOON)
    assert [one.name for one in doctor.problems(found)] == problems


@pytest.mark.parametrize(("state", "problems"), [("due", ["vault"]), ("sent", [])])
def test_a_campaign_s_own_relay_counts_until_its_mail_is_sent(
    database: Database, ada: Actor, school: School, state: str, problems: list[str]
) -> None:
    deliveries(database, school, [state])
    with database.begin() as tx:
        tx.execute(
            text("UPDATE campaign SET relay_sealed = :sealed"),
            {"sealed": Vault(KEY_OF_OTHERS).seal("smtp://127.0.0.1:9")},
        )
    found = doctor.look(database, ada, Vault(KEY), now=NOON)
    assert [one.name for one in doctor.problems(found)] == problems


def test_links_that_lead_to_this_machine_alone_are_told_where_mail_leaves(
    database: Database, ada: Actor, school: School
) -> None:
    alone = doctor.look(database, ada, Vault(KEY), now=NOON, reachable=False)
    assert list(doctor.problems(alone)) == []
    with smtp.relay() as relay:
        through(database, ada, school, Vault(KEY), relay.url)
        found = doctor.look(database, ada, Vault(KEY), now=NOON, reachable=False)
    (finding,) = doctor.problems(found)
    assert finding.name == "links in mail"
    assert "readers elsewhere cannot leave" in str(finding.problem)
    assert "public.url" in str(finding.advice)


def test_a_relay_is_tried_and_gets_no_mail(database: Database, ada: Actor, school: School) -> None:
    with smtp.relay() as relay:
        through(database, ada, school, Vault(KEY), relay.url)
        found = doctor.look(database, ada, Vault(KEY), now=NOON)[-1]
    assert (found.name, found.state, relay.mails) == ("mail of School 14", "ok", [])
    gone = doctor.look(database, ada, Vault(KEY), now=NOON)[-1]
    assert gone.state == "failing"
    assert "does not answer" in str(gone.problem)


def test_the_relay_of_the_settings_is_tried_where_the_school_has_none(
    database: Database, ada: Actor
) -> None:
    with smtp.relay() as relay:
        well = doctor.look(database, ada, Vault(KEY), now=NOON, relay=relay.url)[-1]
    away = doctor.look(database, ada, Vault(KEY), now=NOON, relay=relay.url)[-1]
    assert (well.name, well.state, away.state) == ("mail of School 14", "ok", "failing")


def test_a_silent_process_is_told_with_what_to_do(database: Database, ada: Actor) -> None:
    with database.begin() as tx:
        heartbeats.beat(tx, "worker", 1, now=NOON - timedelta(seconds=16))
        heartbeats.beat(tx, "prober", 2, now=NOON - timedelta(seconds=14))
    (found,) = doctor.problems(doctor.look(database, ada, Vault(KEY), now=NOON))
    assert "worker since 2026-03-10 11:59:44" in str(found.problem).replace(" UTC", "")
    assert "python -m console worker" in str(found.advice)
    assert list(doctor.problems(doctor.look(database, ada, Vault(KEY), now=NOON, parts=()))) == []


def test_a_prober_that_lags_is_told_with_what_to_do(database: Database, ada: Actor) -> None:
    def told(**detail: object) -> list[str]:
        with database.begin() as tx:
            heartbeats.beat(tx, "prober", 2, now=NOON, detail=json.dumps(detail))
        found = doctor.problems(doctor.look(database, ada, Vault(KEY), now=NOON))
        return [str(one.problem) for one in found]

    (late,) = told(lag_seconds=3.21, saturated=True)
    assert late.startswith("The prober cannot keep up: it asks 3.2 s late.")
    assert told(lag_seconds=0.4, saturated=False) == []


def test_a_changed_entry_of_the_audit_is_a_finding(
    database: Database, ada: Actor, school: School
) -> None:
    with database.begin() as tx:
        audit.record(tx, ada, "take incident", "i1", school_id=school.id, now=NOON)
        chain.seal(tx, Vault(KEY).derive(chain.PURPOSE))
        tx.execute(text("UPDATE audit SET account_id = 'nobody' WHERE subject = 'i1'"))
    found = {one.name: one for one in doctor.look(database, ada, Vault(KEY), now=NOON)}
    assert found["audit"].state == "failing"
    assert "does not hold together from entry" in str(found["audit"].problem)
