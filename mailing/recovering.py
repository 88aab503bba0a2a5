"""Bring the ledger up to date with what dead senders wrote down before their end."""

from datetime import datetime
from pathlib import Path

from mailing import intents, ledger, sums
from mailing.intents import Left
from mailing.ledger import STOPPED
from mailing.settling import Settled, settle
from store.db import Connection, Database
from store.words import N_, Words

TOOK = N_("The relay took it.")  # its words went with the sender


def recover(db: Database, place: Path, *, now: datetime) -> int:
    """Settle what dead senders left; return how many mails are uncertain and held.

    Twice is once: a row that is settled has no owner any more.
    """
    held = 0
    for left in intents.left_behind(place):
        with db.begin() as tx:
            held += _settle(tx, left, now)
    with db.begin() as tx:
        return held + ledger.reclaim(tx, now=now, living=intents.living(place))


def _settle(tx: Connection, left: Left, now: datetime) -> int:
    settled: list[Settled] = []
    unbegun: list[str] = []
    for id_, uncertain in ledger.taken(tx, left.owner):
        match left.end(id_):
            case intents.SENT:
                settled.append(Settled(id_, left.owner, "sent", Words(TOOK), now, now))
            case intents.BEGUN:
                state = "due" if uncertain == "resend" else "held"
                settled.append(
                    Settled(id_, left.owner, state, Words(STOPPED), now, now, doubt=True)
                )
            case _:
                unbegun.append(id_)
    sums.forget_of(tx, left.owner)
    settle(tx, settled)
    ledger.give_back(tx, left.owner, unbegun, next_at=now)
    return sum(each.state == "held" for each in settled)
