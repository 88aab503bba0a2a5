"""Commands that run until they are ended: worker, prober, public, campus."""

import argparse
import os
from typing import Any

from console import prober, public, worker
from console.cli.common import DONE, log_to_stderr, opened
from console.lifeline import told_to_end


def add(commands: Any) -> None:
    """Add the commands to the parser's table."""
    for name, words in (
        ("worker", "Sync, intake, actions, mail: all periodic work, until ended."),
        ("prober", "Probe what is due, until ended."),
        ("public", "Serve participants on 127.0.0.1, until ended."),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
        command.set_defaults(run=run)
        if name == "public":
            command.add_argument("--port", type=int, help="else public.port of the settings")
    words = "A small school on loopback that speaks the real protocols."
    commands.add_parser("campus", help=words, description=words, add_help=False)


def run(given: argparse.Namespace) -> int:
    log_to_stderr()
    stop = told_to_end(with_parent=given.with_parent)
    with opened() as console:
        match given.command:
            case "worker":
                code = worker.run(console, stop)
            case "prober":
                code = prober.run(console, stop)
            case _:
                port = given.port or console.settings.public.port
                code = public.run(console, port, stop)
    if code == DONE and given.with_parent:
        os._exit(code)  # a call to a platform that hangs must not outlive the console
    return code
