"""The worker's rounds of letters to people about decisions, and of evidence whose time is over."""

import threading
from datetime import datetime, timedelta

from console.desk import letter_sending, measure_letters, restoring
from console.desk import outcomes as told
from console.rounds import OWNER, each_school, school_ids
from console.wiring import Console
from moderation import keeping
from store import access, leases


def letters(console: Console, stop: threading.Event) -> None:
    """Tell people what was decided about them."""
    with console.db.read() as tx:
        if restoring.paused(tx):
            return

    def follow(school_id: str) -> None:
        measure_letters.follow(
            console.db,
            access.system(school_id),
            school_id,
            console.adapters,
            console.appeal_link,
            now=console.now(),
        )

    try:
        each_school(console, stop, "letters", follow)
    finally:  # what is written already leaves, whatever the rest holds
        if not stop.is_set():
            letter_sending.send_due(console.db, console.ways, console.adapters, clock=console.now)


def outcomes(console: Console, stop: threading.Event) -> None:
    """Tell those who reported a comment what came of it."""
    with console.db.read() as tx:
        if restoring.paused(tx):
            return

    def follow(school_id: str) -> None:
        told.follow(console.db, access.system(school_id), school_id, now=console.now())

    try:
        each_school(console, stop, "outcomes", follow)
    finally:
        if not stop.is_set():
            told.send_due(console.db, console.ways, clock=console.now)


def evidence(console: Console, stop: threading.Event) -> None:
    """Let go of what is too old, once an hour among workers, batch by batch."""
    now = console.now()
    slot = datetime.fromtimestamp(now.timestamp() // 3600 * 3600, now.tzinfo)
    with console.db.begin() as tx:
        if not leases.first_in_slot(tx, "evidence", OWNER, slot):
            return
    before = now - timedelta(days=console.settings.moderation.evidence_days)
    for school_id in school_ids(console):
        with console.db.begin() as tx:
            letter_sending.forget(tx, access.system(school_id), school_id, before=before)
        gone = keeping.AT_ONCE
        while gone == keeping.AT_ONCE and not stop.is_set():
            with console.db.begin() as tx:
                actor = access.system(school_id)
                gone = keeping.forget(tx, actor, school_id, before=before, now=now)
