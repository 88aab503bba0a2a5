"""What is wrong in the house and what to do: databases, clock, processes, vault, wires, mail."""

import zoneinfo
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from console.desk import audit_checks, channels, connections, mail_checks, probing, reach, relays
from console.desk.connections import Connection
from console.desk.findings import Finding
from mailing import hooks
from moderation import evidence, rules
from platforms.base import PlatformError
from probes import modules
from store import access, clocks, heartbeats, schools
from store.access import Actor
from store.db import SCHEMAS, Database, moment, text
from store.vault import Vault, VaultError
from store.words import N_, Words

APART = 5  # seconds that machines may differ
AHEAD = 120  # seconds that a clock may have gone back since the last entry
AT_ONCE = 8  # connections tried at the same time
PARTS = {  # what a silence means
    "prober": N_("No sign of life from the prober since {last}: nothing is probed."),
    "worker": N_(
        "No sign of life from the worker since {last}: no mail leaves, nothing is synced."
    ),
}


DATABASE_AWAY = Finding(
    "database",
    "failing",
    Words(N_("The database does not answer.")),
    Words(
        N_(
            "Check that the data folder can be written, or that PostgreSQL runs and "
            "PULT_DATABASE_URL is right; then run: python -m console migrate."
        )
    ),
)


def look(
    db: Database,
    actor: Actor,
    vault: Vault,
    *,
    now: datetime,
    keep: bool = True,
    relay: str = "",
    returns: str = "",
    loopback_only: bool = False,
    reachable: bool = True,
    parts: Collection[str] = tuple(PARTS),
    anchored: Path | None = None,
) -> list[Finding]:
    """Examine everything, connections and relays over the wire; with `keep`, note their state.

    `relay` is the settings' one, for schools without their own, `returns` the mailbox
    for returned mail, `reachable` whether readers elsewhere can open the links in mail;
    `parts` are the processes that should run, in whatever place, `anchored` the file that says
    how far the audit reaches. Raises Denied unless the actor administers each of the schools in
    scope.
    """
    for school_id in sorted(actor.schools):
        access.require(actor, "administer", school_id)
    found = [_database(db), _zones()]
    if found[0].state == "failing":
        return found
    found += [_clock(db, now), *_processes(db, parts, now)]
    with db.read() as tx:
        served = schools.in_scope(tx, actor)
        listed = [
            one for school in sorted(actor.schools) for one in connections.of(tx, actor, school)
        ]
    found.append(_vault(db, vault))
    if found[-1].state == "failing":
        return found
    found += [audit_checks.look(db, vault, anchored, now=now), _evidence(db), *_rules(db, actor)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tried = list(pool.map(lambda one: _connection(db, vault, one), listed))
    if keep:
        with db.begin() as tx:
            for finding in tried:
                connections.note(
                    tx, finding.connection_id, finding.problem, finding.advice, now=now
                )
    mail = list(mail_checks.ways_out(db, served, vault, relay, loopback_only))
    found += [*tried, *mail, *mail_checks.links(reachable=reachable or not mail)]
    return [*found, *mail_checks.returns(returns, loopback_only)]


def _database(db: Database) -> Finding:
    try:
        for schema in SCHEMAS:
            with db.read(schema) as tx:
                tx.execute(text("SELECT COUNT(*) FROM migration"))
    except SQLAlchemyError:
        return DATABASE_AWAY
    return Finding("database", "ok", version=db.dialect)


def _zones() -> Finding:
    if "Europe/Moscow" in zoneinfo.available_timezones():
        return Finding("time zones", "ok")
    return Finding(
        "time zones",
        "failing",
        Words(N_("This machine has no time zone data, so lessons cannot be placed.")),
        Words(N_("Install the tzdata package: python -m pip install tzdata.")),
    )


def _clock(db: Database, now: datetime) -> Finding:
    apart = clocks.ahead(db).total_seconds()
    if abs(apart) > APART:
        return Finding(
            "clock",
            "failing",
            Words(
                N_("This machine's clock and the database's are {n} seconds apart."),
                {"n": round(abs(apart))},
            ),
            Words(N_("Set the clock, and keep it by NTP.")),
        )
    with db.read() as tx:
        last = moment(tx.execute(text("SELECT MAX(at) FROM audit")).scalar_one())
    if last is None or (last - now).total_seconds() <= AHEAD:
        return Finding("clock", "ok")
    return Finding(
        "clock",
        "failing",
        Words(
            N_("This machine's clock says {now}, but something was noted at {last} already."),
            {"now": f"{now:%Y-%m-%d %H:%M} UTC", "last": f"{last:%Y-%m-%d %H:%M} UTC"},
        ),
        Words(N_("Set the clock, and keep it by NTP.")),
    )


def _processes(db: Database, parts: Collection[str], now: datetime) -> Iterator[Finding]:
    """What the processes' signs of life tell; nothing of one that has never run here."""
    with db.read() as tx:
        beats = heartbeats.last(tx)
        behind = probing.doubt(tx, now=now, zone=UTC)
        standby = probing.standby(tx, now=now)
    if standby is not None:
        yield Finding("prober standing by", "ok")
    for part in sorted(beats.keys() & parts & PARTS.keys()):
        if now - beats[part].at <= heartbeats.SILENT:
            late = part == "prober" and behind is not None
            yield Finding(part, "failing", behind) if late else Finding(part, "ok")
            continue
        last = f"{beats[part].at:%Y-%m-%d %H:%M:%S} UTC"
        yield Finding(
            part,
            "failing",
            Words(PARTS[part], {"last": last}),
            Words(
                N_("Start the console, or run this alone: python -m console {part}."),
                {"part": part},
            ),
        )


def _vault(db: Database, vault: Vault) -> Finding:
    """Whether the key opens every secret that is kept."""
    with db.read() as tx:
        sealed = list(tx.execute(text("SELECT secret_sealed FROM connection")).scalars())
        sealed += relays.every_sealed(tx)
        sealed += hooks.every_sealed(tx)
        sealed += channels.every_sealed(tx)
        sealed += reach.every_sealed(tx)
        sealed += modules.every_sealed(tx)
    try:
        for secret in sealed:
            vault.open(secret)
    except VaultError:
        return Finding(
            "vault",
            "failing",
            Words(N_("The vault's key does not open the secrets that are kept.")),
            Words(
                N_(
                    "Bring back the key file that was in use when they were entered, or enter each "
                    "connection's secret, the mail relay, who is told and the targets' "
                    "secrets again."
                )
            ),
        )
    return Finding("vault", "ok")


def _evidence(db: Database) -> Finding:
    """Whether what decisions rest on stands as it was, or was erased by those who may."""
    with db.read() as tx:
        examined = evidence.examine(tx)
    if not examined.changed:
        return Finding("evidence", "ok")
    return Finding(
        "evidence",
        "failing",
        Words(
            N_("Comments that decisions rest on were changed or deleted in the database: {count}."),
            {"count": len(examined.changed)},
        ),
        Words(
            N_("Compare them with your last good backup; the first of them is {id}."),
            {"id": examined.changed[0]},
        ),
    )


def _rules(db: Database, actor: Actor) -> Iterator[Finding]:
    """Stored watched words that cannot be read, and so find nothing."""
    with db.read() as tx:
        for school_id in sorted(actor.schools):
            for problem in rules.ignored(tx, actor, school_id):
                yield Finding(
                    "watched words",
                    "failing",
                    problem,
                    Words(N_("This rule finds nothing. Mend it under Admin, Watched words.")),
                )


def _connection(db: Database, vault: Vault, connection: Connection) -> Finding:
    try:
        with db.read() as tx:
            adapter = connections.adapter(tx, vault, connection.id)
        health = adapter.check()
    except PlatformError as error:  # its address is no longer one to use
        return Finding(
            connection.name,
            "failing",
            Words(error.template, error.params),
            connection_id=connection.id,
        )
    problem, advice = connections.words_of(health)
    return Finding(
        connection.name,
        "failing" if problem else "ok",
        problem,
        advice,
        health.missing,
        health.version,
        connection.id,
    )


def problems(findings: list[Finding]) -> Iterator[Finding]:
    """What the command line lists and exits with 1 for."""
    return (finding for finding in findings if finding.state == "failing")
