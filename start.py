"""Start Pult, or test it, on a machine that has Python and nothing else.

    python3 start.py            make the environment, install, start the console
    python3 start.py test       make the environment, install, run the tests

Standard library only; Linux, macOS and Windows; Python 3.11 to 3.14.
"""

import hashlib
import os
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

HOUSE = Path(__file__).resolve().parent
ENVIRONMENT = HOUSE / ".venv"
OLDEST, NEWEST = (3, 11), (3, 14)
HOST, PORT = "127.0.0.1", 8501
WINDOWS = os.name == "nt"


class CannotStart(Exception):
    """A sentence for the person at the keyboard: what is missing, and what to do."""


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 done, 1 it could not start or a test failed, 2 wrong use."""
    if arguments not in ([], ["test"]):
        print("Use: python3 start.py, or: python3 start.py test", file=sys.stderr)
        return 2
    testing = arguments == ["test"]
    try:
        check_python(sys.version_info[:2])
        if not testing:
            check_port(port_wanted())
        python = environment()
        install(python, "requirements.txt", *(["requirements-dev.txt"] if testing else []))
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 1
    if testing:
        return run([str(python), "-m", "pytest"])
    print(f"Pult starts on http://{HOST}:{port_wanted()} (Ctrl+C ends it)", flush=True)
    return run(
        [
            *(str(python), "-m", "streamlit", "run", str(HOUSE / "streamlit_app.py")),
            f"--server.port={port_wanted()}",
        ]
    )


def check_python(version: tuple[int, ...]) -> None:
    if OLDEST <= version <= NEWEST:
        return
    running = ".".join(map(str, version))
    raise CannotStart(
        f"This is Python {running}; Pult needs 3.11 to 3.14. "
        "Install one of them (https://www.python.org/downloads/) and run start.py with it, "
        "for example: python3.12 start.py"
    )


def port_wanted() -> int:
    """8501, or what STREAMLIT_SERVER_PORT says.

    Raises CannotStart when it is not a port's number.
    """
    said = os.environ.get("STREAMLIT_SERVER_PORT", str(PORT))
    if said.isdecimal() and 0 < int(said) < 65536:
        return int(said)
    raise CannotStart(f"STREAMLIT_SERVER_PORT is {said!r}; it must be a number from 1 to 65535.")


def check_port(port: int) -> None:
    """Streamlit would move to the next port without a word, and the links would be wrong."""
    with socket.socket() as probe:
        if not WINDOWS:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} is taken, perhaps by a Pult that runs already: "
                f"look at http://{HOST}:{port}. To use another port, "
                "set STREAMLIT_SERVER_PORT, for example to 8601."
            ) from error


def environment() -> Path:
    """Make .venv unless it is there and works; return its Python."""
    python = ENVIRONMENT / ("Scripts/python.exe" if WINDOWS else "bin/python")
    if works(python):
        return python
    print("Making the environment in .venv ...", flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        short = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise CannotStart(
            "Python could not make an environment in .venv. On Debian and Ubuntu install "
            f"its part for that first: sudo apt install python{short}-venv\n"
            + (made.stderr or made.stdout).strip()
        )
    return python


def works(python: Path) -> bool:
    """Whether the environment's Python is of the version that runs us, and has pip."""
    if not python.exists():
        return False
    asked = "import sys, pip; print(sys.version_info[:2])"
    answer = subprocess.run([str(python), "-c", asked], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == str(sys.version_info[:2])


def install(python: Path, *lists: str) -> None:
    """Install the pinned packages; a second time takes no time, the mark says it is done."""
    for name in lists:
        mark = ENVIRONMENT / f"{name}.installed"
        wanted = fingerprint(HOUSE / name)
        if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
            continue
        print(f"Installing what {name} lists (once; a minute or two) ...", flush=True)
        pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
        if run([*pip, "-r", str(HOUSE / name)]) != 0:
            raise CannotStart(
                f"pip could not install what {name} lists; its own words are above. "
                "Check the network and run start.py again: it goes on where it stopped."
            )
        mark.write_text(wanted, encoding="utf-8")


def fingerprint(file: Path) -> str:
    content = file.read_bytes() + sysconfig.get_platform().encode()
    return hashlib.sha256(content).hexdigest()


def run(command: list[str]) -> int:
    try:
        return subprocess.run(command, cwd=HOUSE, check=False).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
