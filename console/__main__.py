"""The command line: `python -m console COMMAND`; exit 0 done, 1 a finding, 2 wrong use."""

import argparse
import sys
from collections.abc import Sequence

from sqlalchemy.exc import OperationalError

from console.cli import desk, doing, processes
from console.cli.common import FINDING, WRONG_USE, Refused, tell
from console.i18n import Sayable
from console.settings import SettingsError
from store.backup import BackupError
from store.migrate import MigrationError
from store.vault import VaultError


def main(arguments: Sequence[str]) -> int:
    """Run one command; what is expected to go wrong is told in one sentence."""
    given = parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except Refused as error:
        tell(str(error))
        return error.code
    except (SettingsError, MigrationError) as error:
        tell(str(error))
        return WRONG_USE
    except (VaultError, BackupError) as error:
        tell(str(error))
        return FINDING
    except OperationalError as error:
        tell(f"The database does not answer: {type(error.orig).__name__}. Check database_url.")
        return FINDING
    except Exception as error:
        if not isinstance(error, Sayable):
            raise
        tell(str(error))
        return FINDING


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="python -m console", description=__doc__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    desk.add(commands)
    processes.add(commands)
    doing.add(commands)
    return whole


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
