"""Commands that do one piece of work: probe, screen, send."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import probes
from console.cli.common import (
    DONE,
    FINDING,
    Refused,
    everywhere,
    opened,
    say,
    show,
    tell,
    the_school,
)
from console.cli.transfer import read
from console.desk import restoring
from console.lifeline import told_to_end
from console.settings import load
from console.wiring import Console
from mailing import send_file
from mailing.readiness import NotReady
from moderation import rules, screening
from moderation.filters import Rules
from probes import modules, targets
from probes.model import NamedModule, ProbeFailed, Result, State, Target
from probes.probers import PROBERS, schemes
from store import owners
from store.access import system
from store.db import SMALL_CACHE

PAUSED = (
    "Sending is paused since the restore of a backup. An administrator resumes it in the "
    "console, under Campaigns."
)


def add(commands: Any) -> None:
    """Add the commands to the parser's table."""
    words = "One probe now, of an address or of a target by its name; exit 0 only when it is ok."
    command = commands.add_parser("probe", help=words, description=words)
    command.add_argument("target", metavar="URL|NAME")
    command.add_argument("--module", help="a probe, or a module by its name")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=probe)

    words = 'Screen texts: {"id","text"} a line in, {"id","flags":[...]} a line out.'
    command = commands.add_parser("screen", help=words, description=words)
    command.add_argument("--rules", type=Path, help="TOML with [[list]] and [[pattern]]")
    command.set_defaults(run=screen)

    words = "Send what a TOML file says; the same file sent again resumes, never starts over."
    command = commands.add_parser("send", help=words, description=words)
    command.add_argument("file", type=Path)
    command.add_argument("--wait", action="store_true", help="deliver here, without a worker")
    command.add_argument("--connections", type=int, default=8, help="to the relay, at most")
    command.add_argument("--school", help="name or id; needed where there are several")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=send)


def probe(given: argparse.Namespace) -> int:
    if given.module in PROBERS or (_is_address(given.target) and not given.module):
        target = _address(given.target, given.module)
        result = probes.check(target, loopback_only=load(os.environ).simulation)
    else:
        with opened() as console:
            target = _kept(console, given.target, given.module)
            result = probes.check(
                target,
                adapters=console.adapters,
                loopback_only=console.simulation,
                beat=console.heard(target.id),
            )
    if given.json:
        told = probes.cli_json(target, result)
        show(told | {"module": given.module} if given.module else told)
    else:
        say(_sentence(target, result))
    return DONE if result.state is State.OK else FINDING


def screen(given: argparse.Namespace) -> int:
    written = read(given.rules).decode("utf-8", "replace") if given.rules else rules.starter()
    return screening.run(Rules.from_toml(written), sys.stdin, sys.stdout, sys.stderr)


def send(given: argparse.Namespace) -> int:
    stop = told_to_end(with_parent=False)
    with opened(cache=SMALL_CACHE) as console:
        school = the_school(console, given.school, make=True)
        with console.db.read() as tx:
            if restoring.paused(tx):
                raise Refused(PAUSED)
        try:
            summary = send_file.send(
                console.db,
                system(school.id),
                school.id,
                given.file,
                relay=console.relay(school.id),
                origin=console.origin,
                clock=console.now,
                wait=given.wait,
                connections=given.connections,
                seal=console.vault.seal,
                owner=owners.mine(),
                stop=stop,
                room=console.attachment_room,
                terms=console.terms,
                tell=lambda words: tell(str(words)),
            )
        except NotReady as error:
            return _not_ready(error)
    for line, words in summary.problems:
        tell(f"Line {line}: {words}")
    if summary.relay_problem:
        tell(str(summary.relay_problem))
    told = summary.to_json()
    if given.json:
        show(told)
    else:
        say(", ".join(f"{name} {count}" for name, count in told.items() if name != "campaign"))
    totals = summary.totals
    unfinished = totals.failed or totals.held or (given.wait and totals.waiting)
    return FINDING if unfinished or summary.problems else DONE


def _not_ready(error: NotReady) -> int:
    """Nothing has begun; say all that stops it, and how it is overruled."""
    for finding in error.findings:
        tell(f"{finding.words} {', '.join(finding.who)}".rstrip())
    if not any(finding.forbids for finding in error.findings):
        tell('Mend it, or write anyway = "why" into the file: nothing was sent.')
    return FINDING


def _is_address(given: str) -> bool:
    """A URL, also one like dns:name, or host:port; anything else is a target's name."""
    host, colon, port = given.rpartition(":")
    if "://" in given or given.partition(":")[0] in schemes():
        return True
    return bool(colon and port.isdigit() and host and " " not in host)


def _kept(console: Console, given: str, module_name: str | None) -> Target:
    """The target of that name, or an address; looked at as its module says, or as another one."""
    if module_name is None:
        return console.as_probed(_named(console, given))
    module = _module(console, module_name)
    if _is_address(given):
        target = _address(given, module.prober)
    else:
        target = replace(_named(console, given), prober=module.prober, module={}, sealed={})
    return modules.as_probed(target, module, console.vault.open)


def _module(console: Console, name: str) -> NamedModule:
    with console.db.read() as tx:
        found = modules.called(tx, everywhere(console), name)
    if not found:
        known = ", ".join(sorted(PROBERS))
        raise Refused(f"No module is called {name}, nor a probe. The probes are: {known}.")
    if len(found) > 1:
        raise Refused(f"Several schools have a module called {name}: give its id.")
    return found[0]


def _named(console: Console, name: str) -> Target:
    actor = everywhere(console)
    with console.db.read() as tx:
        known = [target for target in targets.probed(tx, actor) if name in (target.name, target.id)]
    if not known:
        raise Refused(f"No target is called {name}, and it is no address like https://host/.")
    return known[0]


def _address(given: str, module: str | None) -> Target:
    try:
        return probes.target_of(given, prober=module)
    except ProbeFailed as error:
        raise Refused(str(error)) from error


def _sentence(target: Target, result: Result) -> str:
    took = f" in {result.seconds:.3f} s" if result.seconds is not None else ""
    why = f": {result.why}" if result.why else ""
    return f"{target.name} is {result.state.value}{took}{why}"
