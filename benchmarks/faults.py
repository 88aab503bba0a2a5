"""Does a receipt ever say more than is so? `python -m benchmarks.faults`.

A real Synapse, ejabberd and forum of Open edX run on loopback. Every request to them, also
those that only look, may fail: never reach them, be done and its answer lost or torn, be
answered 200 without effect, be refused, limited, slow; and servers are restarted in the
midst of actions. Each receipt is compared with what is read over a way that does not fail.
What a platform refused is a figure of its own: it is settled, and listed until it is asked again.
Ends with 1 if one said done what was not, or something stayed open.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from benchmarks import asked
from console.wiring import PACKAGES
from moderation import calls
from moderation.model import Action
from store import db, migrate
from tests import forum as discussions
from tests.ejabberd import Ejabberd
from tests.failing import EVERY, LONG, Desk, Place, desk_of, matrix, open_rooms, posts, rooms
from tests.faults import Fault
from tests.running import free_port
from tests.synapse import Synapse

ROUND = 10  # actions asked for together
WELL = 12  # requests that go well, to eight that fail
TRIES = 2  # while the way fails
RESTARTS = 3  # of each server
WHEN = ("while it failed", "settled")
NONE_OF = {
    "no receipt says done what is not": [f"said done and is not, {when}" for when in WHEN],
    "no receipt says refused what is done": [f"said refused and is done, {when}" for when in WHEN],
    "everything unresolved says why": [f"without a reason, {when}" for when in WHEN],
    "all done or refused once the platform is back": ["unconfirmed, settled", "open after that"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=100, help="on each server")
    parser.add_argument("--seed", type=int, default=14)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        places = _places(stack, folder)
        (folder / "data").mkdir()
        opened = stack.enter_context(closing(db.connect(folder / "data")))
        migrate.apply(opened, PACKAGES, now=datetime.now(UTC))
        desk = desk_of(opened, places)
        dice = Random(chosen.seed)
        total: Counter[str] = Counter()
        for name in places:
            counted = _measured(desk, name, chosen.actions, dice)
            total += counted
            made = {one: n for one, n in places[name].faults.made.items() if one}
            print(json.dumps({name: {**counted, "faults": made}}), flush=True)
    refused = total["refused, settled"]
    print(json.dumps({"actions": total["actions"], "refused by a platform's no": refused}))
    asked.end({name: not sum(total[one] for one in wrong) for name, wrong in NONE_OF.items()})


def _places(stack: ExitStack, folder: Path) -> Mapping[str, Place]:
    for name in ("synapse", "ejabberd", "forum"):
        (folder / name).mkdir()
    synapse, ejabberd = Synapse(folder / "synapse"), Ejabberd(folder / "ejabberd")
    stack.enter_context(synapse.up())
    stack.enter_context(ejabberd.up())
    forum = discussions.founded(folder / "forum", free_port())
    return {
        "synapse": stack.enter_context(matrix(synapse)),
        "ejabberd": stack.enter_context(rooms(ejabberd)),
        "open rooms": stack.enter_context(open_rooms(ejabberd)),
        "forum": stack.enter_context(posts(forum)),
    }


def _measured(desk: Desk, name: str, wanted: int, dice: Random) -> Counter[str]:
    counted: Counter[str] = Counter()
    place = desk.places[name]
    while counted["actions"] < wanted:
        asked = [
            desk.ask(name, kind, desk.subject(name, kind))
            for kind in dice.choices(place.kinds, k=ROUND)
        ]
        counted["actions"] += len(asked)
        _fail(desk, place, asked, dice, restart=counted["restarts"] < RESTARTS)
        counted["restarts"] += counted["restarts"] < RESTARTS
        _look(desk, asked, counted, "while it failed")
        desk.settle()
        _look(desk, asked, counted, "settled")
        counted["open after that"] += sum(desk.read(id_).receipt.state == "held" for id_ in asked)
    return counted


def _fail(desk: Desk, place: Place, asked: list[str], dice: Random, *, restart: bool) -> None:
    if restart:  # at the first call that changes something
        with place.failing("restarted"):
            desk.do(*asked)
        place.start()
        desk.now += LONG
    well: Fault = ""
    ways = [*EVERY, *([well] * WELL)]
    place.faults.plan = lambda _method, _path: dice.choice(ways)
    for _ in range(TRIES):
        desk.do(*asked)
        desk.now += LONG
    place.faults.plan = lambda _method, _path: ""


def _look(desk: Desk, asked: list[str], counted: Counter[str], when: str) -> None:
    for action in map(desk.read, asked):
        said = action.receipt.state
        counted[f"{said}, {when}"] += 1
        if said == "verified":
            counted[f"said done and is not, {when}"] += not _is_so(desk, action)
            continue
        counted[f"without a reason, {when}"] += action.receipt.why is None
        if said == "refused":
            counted[f"said refused and is done, {when}"] += _is_so(desk, action)


def _is_so(desk: Desk, action: Action) -> bool:
    clean = desk.places[action.connection_id].clean
    return calls.read(clean, action) == calls.KINDS[action.kind].wanted


if __name__ == "__main__":
    main()
