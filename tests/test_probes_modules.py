"""Modules: conditions that fit, secrets that stay where they belong, targets that follow."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from math import inf
from typing import Any

import pytest

from console import prober
from probes import fitting, modules, targets
from probes.checking import check
from probes.model import NamedModule, State, Target, TargetError
from probes.probers import PROBERS
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.vault import Vault
from tests import stage
from tests.conftest import NOON
from tests.patience import until
from tests.sites import say, web
from tests.stage import KEY
from tests.test_probes_engine import is_

VAULT = Vault(KEY)
PAGE = {"contains": "Log in", "slow": 3.0}


def module(school: School, name: str = "Login page", **fields: Any) -> NamedModule:
    return NamedModule("", school.id, name, fields.pop("prober", "http"), **fields)


def add_module(database: Database, actor: Actor, made: NamedModule) -> NamedModule:
    with database.begin() as tx:
        return modules.get(tx, actor, modules.add(tx, actor, made, now=NOON))


def add_target(
    database: Database, actor: Actor, school: School, prober: str = "http", **fields: Any
) -> Target:
    fields.setdefault("address", "https://lms.example/")
    with database.begin() as tx:
        added = targets.add(
            tx, actor, school.id, name=fields.pop("name", "LMS"), prober=prober, now=NOON, **fields
        )
        return targets.get(tx, actor, added)


def ready(database: Database, target: Target, vault: Vault = VAULT) -> Target:
    with database.read() as tx:
        (whole,) = modules.ready(tx, [target], vault.open)
    return whole


def test_a_target_is_probed_by_its_module_and_by_its_own_conditions_before(
    database: Database, school: School, ana: Actor
) -> None:
    kept = add_module(database, ana, module(school, conditions=PAGE))
    target = add_target(database, ana, school, module={"slow": 9.0}, module_id=kept.id)
    assert target.module == {"slow": 9.0}
    assert ready(database, target).module == {"contains": "Log in", "slow": 9.0}
    with database.begin() as tx:
        changed = replace(kept, conditions={"contains": "Sign in"})
        modules.change(tx, ana, changed, now=NOON)
        (probed,) = modules.ready(tx, targets.probed(tx, ana), VAULT.open)
    assert probed.module == {"contains": "Sign in", "slow": 9.0}


def test_what_a_module_asks_for_is_what_the_probe_asks_for(
    database: Database, school: School, ana: Actor
) -> None:
    kept = add_module(database, ana, module(school, conditions={"contains": "Log in"}))
    with web(lambda handler: say(handler, b"nothing here")) as url:
        target = add_target(database, ana, school, address=url, module_id=kept.id)
        assert check(target, loopback_only=True).state is State.OK
        assert check(ready(database, target), loopback_only=True).state is State.DOWN


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ({"contians": "x"}, r"no condition contians\. It has: status, contains"),
        ({"slow": "2"}, "slow must be a number"),
        ({"slow": True}, "slow must be a number"),
        ({"slow": float("nan")}, "slow must be a number"),
        ({"redirects": 1.5}, "redirects must be a whole number"),
        ({"verify": 1}, "verify must be true or false"),
        ({"contains": 7}, "contains must be text"),
        ({"contains": "x" * 4001}, "longer than 4000"),
        ({"status": "fine"}, "Write the expected status like"),
        ({"fail_after": "often"}, "fail_after must be a whole number"),
        ({"fail_after": 0}, "fail_after must be 1 at least"),
        ({"timeout": -5}, "timeout must be 0.1 at least"),
        ({"timeout": 1e6}, "timeout must be 120.0 at most"),
        ({"redirects": 500}, "redirects must be 20 at most"),
        ({"slow": -1.0}, "slow must be 0.0 at least"),
        ({"status": "999-100"}, "No status is from 999 to 100; write the lower one first"),
        ({"status": "200,700"}, "A status is from 100 to 599"),
    ],
)
def test_a_condition_that_is_unknown_or_badly_typed_is_refused_by_name(
    database: Database, school: School, ana: Actor, conditions: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(TargetError, match=sentence):
        add_target(database, ana, school, module=conditions)
    with pytest.raises(TargetError, match=sentence):
        add_module(database, ana, replace(module(school), conditions=conditions))


@pytest.mark.parametrize(
    ("prober", "conditions", "sentence"),
    [
        ("http", {"method": "TAKE"}, "Write the method as one of GET"),
        ("http", {"matches": "("}, "is no regular expression"),
        ("hls", {"redirects_within": "everywhere"}, "where redirects may lead"),
        ("tcp", {"expect": "("}, "is no regular expression"),
        ("smtp", {"starttls": "perhaps"}, "offered, required or never"),
        ("prometheus", {"empty": "down"}, "Write empty as ok or unknown"),
        (
            "prometheus",
            {"down_below": 9.0, "suspect_above": 5.0},
            "No number is well that must not be below 9, nor above 5",
        ),
    ],
)
def test_a_module_that_no_target_could_use_is_refused(
    database: Database,
    school: School,
    ana: Actor,
    prober: str,
    conditions: dict[str, Any],
    sentence: str,
) -> None:
    useless = replace(module(school), prober=prober, conditions=conditions)
    with pytest.raises(TargetError, match=sentence):
        add_module(database, ana, useless)


def test_a_module_may_leave_the_method_of_what_it_sends_to_its_targets(
    database: Database, school: School, ana: Actor
) -> None:
    kept = add_module(database, ana, replace(module(school), conditions={"body": "{}"}))
    add_target(database, ana, school, module_id=kept.id, module={"method": "POST"})


@pytest.mark.parametrize("letter", ["\0", "\ud800"])
def test_a_name_with_what_is_no_letter_is_refused(
    database: Database, school: School, ana: Actor, letter: str
) -> None:
    unseen = "something in it that is no letter"
    with pytest.raises(TargetError, match=unseen):
        add_module(database, ana, module(school, f"Login{letter}page"))
    kept = add_target(database, ana, school)
    for worse in (
        replace(kept, name=f"L{letter}MS"),
        replace(kept, runbook=letter),
        replace(kept, address=f"http://lms.example/{letter}"),
    ):
        with database.begin() as tx, pytest.raises(TargetError, match=unseen):
            targets.change(tx, ana, worse, now=NOON)


def test_every_default_of_a_prober_is_one_that_it_takes() -> None:
    for named in PROBERS:
        known = fitting.conditions_of(named)
        assert len(known) == len({*known})
        given = {
            each.name: each.default
            for each in known.values()
            if not each.secret and each.default not in (inf, -inf)  # which stand for no limit
        }
        fitting.require_conditions(named, given, [e.name for e in known.values() if e.secret])


def test_a_secret_is_sealed_and_opened_for_the_prober_alone(
    database: Database, school: School, ada: Actor
) -> None:
    sealed = {"password": VAULT.seal("s3cret")}
    kept = add_module(
        database, ada,
        module(school, "TURN", prober="turn", conditions={"username": "probe"}, sealed=sealed),
    )  # fmt: skip
    target = add_target(
        database, ada, school, "turn", address="turn.example:3478", module_id=kept.id
    )
    whole = ready(database, target)
    assert (whole.secrets, whole.unready) == ({"password": "s3cret"}, None)
    assert target.secrets == {}
    for shown in (repr(kept), repr(target), repr(whole)):
        assert "s3cret" not in shown
        assert sealed["password"] not in shown
    with database.read() as tx:
        stored = [str(row) for row in tx.execute(text("SELECT * FROM module")).all()]
    assert not any("s3cret" in row for row in stored)


@pytest.mark.parametrize(
    ("sealed", "vault", "sentence"),
    [
        ("", VAULT, "Not entered yet: password"),
        (VAULT.seal("x"), Vault(b"A" * 43 + b"="), "vault's key is missing, or another one"),
    ],
    ids=["awaited", "another key"],
)
def test_a_target_whose_secret_is_not_to_be_had_is_unknown_and_never_down(
    database: Database, school: School, ada: Actor, sealed: str, vault: Vault, sentence: str
) -> None:
    target = add_target(
        database, ada, school, "turn", address="127.0.0.1:9", sealed={"password": sealed}
    )
    result = check(ready(database, target, vault), loopback_only=True)
    assert result.state is State.UNKNOWN
    assert sentence in str(result.why)


def test_a_secret_never_stands_among_the_conditions(
    database: Database, school: School, ana: Actor
) -> None:
    with pytest.raises(TargetError, match="password is a secret"):
        add_target(database, ana, school, "turn", address="t:1", module={"password": "x"})
    with pytest.raises(TargetError, match="username is no secret"):
        add_target(database, ana, school, "turn", address="t:1", sealed={"username": "x"})


def test_a_secret_is_not_sent_to_another_server_than_it_was_entered_for(
    database: Database, school: School, ana: Actor
) -> None:
    target = add_target(
        database, ana, school, "turn", address="turn.example", sealed={"password": VAULT.seal("x")}
    )
    moved = replace(target, address="turn.thief.example")
    with database.begin() as tx:
        with pytest.raises(TargetError, match="enter password anew"):
            targets.change(tx, ana, moved, now=NOON)
        again = replace(moved, sealed={"password": VAULT.seal("y")})
        targets.change(tx, ana, again, now=NOON)


LESS_SAFELY = [
    {"address": "turn:turn.example?transport=tcp"},
    {"module": {"verify": False}},
    {"module": {"server_name": "thief.example"}},
]


@pytest.mark.parametrize("less", LESS_SAFELY)
def test_a_secret_is_not_sent_less_safely_than_it_was_entered_for(
    database: Database, school: School, ana: Actor, less: dict[str, Any]
) -> None:
    sealed = {"password": VAULT.seal("x")}
    address = "turns:turn.example?transport=tcp"
    target = add_target(database, ana, school, "turn", address=address, sealed=sealed)
    with database.begin() as tx:
        with pytest.raises(TargetError, match="enter password anew"):
            targets.change(tx, ana, replace(target, **less), now=NOON)
        again = {"password": VAULT.seal("y")}
        targets.change(tx, ana, replace(target, sealed=again, **less), now=NOON)


def test_a_certificate_that_is_looked_at_again_asks_for_no_secret(
    database: Database, school: School, ana: Actor
) -> None:
    sealed = {"authorization": VAULT.seal("x")}
    loose = {"verify": False}
    target = add_target(
        database, ana, school, address="https://api.example/", module=loose, sealed=sealed
    )
    with database.begin() as tx:
        targets.change(tx, ana, replace(target, module={}), now=NOON)
        assert targets.get(tx, ana, target.id).sealed == sealed


def test_a_module_that_checks_no_certificate_any_more_asks_for_its_secrets(
    database: Database, school: School, ana: Actor
) -> None:
    kept = add_module(database, ana, module(school, sealed={"authorization": VAULT.seal("x")}))
    loose = replace(kept, conditions={"verify": False})
    with database.begin() as tx:
        with pytest.raises(TargetError, match="enter authorization anew"):
            modules.change(tx, ana, loose, now=NOON)
        again = replace(loose, sealed={"authorization": VAULT.seal("y")})
        modules.change(tx, ana, again, now=NOON)


def test_a_module_loosens_the_way_of_its_targets_secrets_by_an_administrator_alone(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    kept = add_module(database, ana, module(school))
    sealed = {"authorization": VAULT.seal("x")}
    add_target(database, ana, school, module_id=kept.id, sealed=sealed)
    loose = replace(kept, conditions={"verify": False})
    with database.begin() as tx:
        with pytest.raises(access.Denied):
            modules.change(tx, ana, loose, now=NOON)
        modules.change(tx, ada, loose, now=NOON)


def test_a_module_s_secret_goes_where_an_administrator_points_it(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    made = module(school, "TURN", prober="turn", sealed={"password": VAULT.seal("x")})
    kept = add_module(database, ada, made)
    with pytest.raises(access.Denied):
        add_target(database, ana, school, "turn", address="turn.thief.example", module_id=kept.id)
    target = add_target(database, ada, school, "turn", address="turn.example", module_id=kept.id)
    with database.begin() as tx:
        moved = replace(target, address="turn.thief.example")
        with pytest.raises(access.Denied):
            targets.change(tx, ana, moved, now=NOON)
        targets.change(tx, ana, replace(target, interval=timedelta(seconds=9)), now=NOON)


def test_a_module_in_use_is_neither_removed_nor_made_useless(
    database: Database, school: School, ana: Actor
) -> None:
    kept = add_module(database, ana, module(school))
    target = add_target(database, ana, school, module_id=kept.id)
    with database.begin() as tx:
        with pytest.raises(TargetError, match="LMS use this module"):
            modules.remove(tx, ana, kept.id, now=NOON)
        for worse, sentence in (
            (replace(kept, prober="tcp"), "LMS uses this module, and is probed by http"),
            (replace(kept, conditions={"status": "?"}), "Write the expected status"),
        ):
            with pytest.raises(TargetError, match=sentence):
                modules.change(tx, ana, worse, now=NOON)
        targets.remove(tx, ana, target.id, now=NOON)
        modules.remove(tx, ana, kept.id, now=NOON)
        assert modules.of(tx, ana, school.id) == []


def test_a_module_s_name_is_one_s_own_in_each_school(
    database: Database, school: School, elsewhere: School, ana: Actor, zoe: Actor
) -> None:
    kept = add_module(database, ana, module(school))
    add_module(database, zoe, module(elsewhere))
    with pytest.raises(TargetError, match="A module named Login page is there already"):
        add_module(database, ana, module(school, " Login page "))
    with pytest.raises(TargetError, match="does not have"):
        add_target(database, zoe, elsewhere, module_id=kept.id)
    with pytest.raises(TargetError, match=r"is for the probe http"):
        add_target(database, ana, school, "tcp", address="lms.example:1", module_id=kept.id)
    with database.read() as tx, pytest.raises(access.Denied):
        modules.get(tx, zoe, kept.id)


def test_the_prober_process_opens_what_is_sealed_and_follows_its_module(
    database: Database, school: School, ada: Actor
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        known = handler.headers["Authorization"] == "Bearer s3cret"
        say(handler, b"here", 200 if known else 401)

    console, stop = stage.console(database), threading.Event()
    seconds = timedelta(seconds=1)
    with web(answer) as url:
        made = module(school, sealed={"authorization": console.vault.seal("Bearer s3cret")})
        kept = add_module(database, ada, made)
        target = add_target(database, ada, school, address=url, module_id=kept.id, interval=seconds)
        thread = threading.Thread(target=prober.run, args=(console, stop))
        thread.start()
        try:
            until(is_(database, ada, target, State.OK))
            with database.begin() as tx:
                other = replace(kept, sealed={"authorization": console.vault.seal("Bearer other")})
                modules.change(tx, ada, other, now=datetime.now(UTC))
            until(is_(database, ada, target, State.DOWN))
        finally:
            stop.set()
            thread.join(60)
        assert not thread.is_alive()
