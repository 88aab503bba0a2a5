"""The command line: `python -m console COMMAND`; exit 0 done, 1 a finding, 2 wrong use."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

from sqlalchemy.exc import OperationalError

from console.cli.common import FINDING, WRONG_USE, Refused, tell
from console.i18n import Sayable
from console.settings import SettingsError
from store.migrate import MigrationError
from store.vault import VaultError

PROCESSES = {"worker", "prober", "public"}  # they import no other commands: they start fast
DATABASE_AWAY = "The database does not answer. Check database_url, and that it runs."


def main(arguments: Sequence[str]) -> int:
    """Run one command; what is expected to go wrong is told in one sentence."""
    if arguments[:1] == ["campus"]:
        campus = import_module("platforms.campus.main")
        return int(campus.run(arguments[1:]))  # it reads its own options
    given = parser(arguments[:1]).parse_args(arguments)
    try:
        return int(given.run(given))
    except Exception as error:
        code = expected(error)
        if code is None:
            raise
        told = error if not isinstance(error, OperationalError) else DATABASE_AWAY
        tell(str(told))
        return code


def expected(error: Exception) -> int | None:
    """The exit code of what may well go wrong; None for a defect of ours."""
    if isinstance(error, Refused):
        return error.code
    if isinstance(error, SettingsError | MigrationError):
        return WRONG_USE
    if isinstance(error, VaultError | OperationalError):
        return FINDING
    if isinstance(error, Sayable):  # what stays wrong however often it is tried was given wrong
        return WRONG_USE if getattr(error, "permanent", False) else FINDING
    return None


def parser(asked: Sequence[str]) -> argparse.ArgumentParser:
    """The parser with every command; with the processes alone where one of them is asked for."""
    whole = argparse.ArgumentParser(prog="python -m console", description=__doc__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    rooms = ["processes"] if set(asked) & PROCESSES else ["desk", "transfer", "processes", "doing"]
    for room in rooms:
        import_module(f"console.cli.{room}").add(commands)
    return whole


def _speak_utf8() -> None:
    """Wherever we run; a lone surrogate leaves as the escape that JSON has for it."""
    for stream, errors in (
        (sys.stdin, "replace"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)


if __name__ == "__main__":
    _speak_utf8()
    sys.exit(main(sys.argv[1:]))
