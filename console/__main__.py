"""The command line: `python -m console COMMAND`; exit 0 done, 1 a finding, 2 wrong use."""

import argparse
import sys
from collections.abc import Sequence

from sqlalchemy.exc import OperationalError

from console.cli import desk, doing, processes
from console.cli.common import FINDING, WRONG_USE, Refused, tell
from console.i18n import Sayable
from console.settings import SettingsError
from platforms.campus import main as campus
from store.backup import BackupError
from store.migrate import MigrationError
from store.vault import VaultError

DATABASE_AWAY = "The database does not answer. Check database_url, and that it runs."


def main(arguments: Sequence[str]) -> int:
    """Run one command; what is expected to go wrong is told in one sentence."""
    if arguments[:1] == ["campus"]:
        return campus.run(arguments[1:])  # it reads its own options
    given = parser().parse_args(arguments)
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
    foreseen = isinstance(error, VaultError | BackupError | OperationalError | Sayable)
    return FINDING if foreseen else None


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="python -m console", description=__doc__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    desk.add(commands)
    processes.add(commands)
    doing.add(commands)
    return whole


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
