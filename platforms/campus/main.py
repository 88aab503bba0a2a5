"""Open the school: all its servers in one process, one line of JSON when they listen."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from threading import Thread

from platforms.campus import evening, switches
from platforms.campus.clock import Clock
from platforms.campus.opening import ORDER, Campus


def run(argv: Sequence[str]) -> int:
    """Serve until SIGTERM or, with --with-parent, until standard input ends."""
    arguments = _arguments(argv)
    with suppress(KeyboardInterrupt):
        return asyncio.run(_serve(arguments))
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="campus", description="A small school on loopback that speaks the real protocols."
    )
    parser.add_argument("--port", type=_port, default=0, help="first of 9 ports; 0: free ones")
    parser.add_argument("--seed", type=int, default=14, help="the same seed, the same evening")
    parser.add_argument("--speed", type=_speed, default=1.0, help="1 to 60")
    parser.add_argument(
        "--scene", action="append", default=[], choices=sorted(switches.scenes()), metavar="NAME",
        help=f"on from the start, may be repeated: {', '.join(switches.scenes())}",
    )  # fmt: skip
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    return parser.parse_args(argv)


def _port(text: str) -> int:
    if not text.isdigit() or not (text == "0" or 1024 <= int(text) <= 65535 - len(ORDER)):
        raise argparse.ArgumentTypeError("0, or 1024 and more")
    return int(text)


def _speed(text: str) -> float:
    speed = float(text)
    if not 1 <= speed <= 60:
        raise argparse.ArgumentTypeError("from 1 to 60")
    return speed


async def _serve(arguments: argparse.Namespace) -> int:
    clock = Clock(datetime.now(UTC).replace(microsecond=0), arguments.speed)
    tonight = evening.begin(arguments.seed, clock)
    try:
        campus = Campus(tonight, arguments.port)
        await campus.open()
    except OSError as problem:
        sys.stderr.write(
            f"The campus could not open its ports: {problem}. Choose another --port.\n"
        )
        return 1
    for name in arguments.scene:
        tonight.scenes[name].turn(True, {})
    told = _told_to_end(with_parent=arguments.with_parent)
    sys.stdout.write(json.dumps(campus.addresses()) + "\n")
    sys.stdout.flush()
    await told.wait()
    await campus.close()
    return 0


def _told_to_end(*, with_parent: bool) -> asyncio.Event:
    """Set at SIGTERM or SIGINT, or at the end of standard input."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, told.set)
        except NotImplementedError:  # Windows: the default ends the process
            break
    if with_parent:
        Thread(target=_read_to_end, args=(loop, told), daemon=True).start()
    return told


def _read_to_end(loop: asyncio.AbstractEventLoop, told: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    with suppress(RuntimeError):  # the campus has ended already
        loop.call_soon_threadsafe(told.set)
