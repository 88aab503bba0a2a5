"""Commands that run until they are ended: worker, prober, public, campus.

A child must be back within seconds: each imports what it needs itself, and no more.
"""

import argparse
import os
from importlib import import_module
from typing import Any

from console.cli.common import log_to_stderr, opened
from console.lifeline import told_to_end
from store.db import CACHE, SMALL_CACHE


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
    module = import_module(f"console.{given.command}")
    with opened(cache=SMALL_CACHE if given.command == "worker" else CACHE) as console:
        options = {"port": given.port} if given.command == "public" else {}
        code = int(module.run(console, stop, **options))
    if given.with_parent:
        os._exit(code)  # a call to a platform that hangs must not outlive the console
    return code
