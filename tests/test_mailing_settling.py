"""A group of outcomes is written at once, each at its own row and at nobody else's."""

from datetime import timedelta

from mailing import claiming, outbox, settling, suppression
from mailing.settling import Settled
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from store.words import Words
from tests.conftest import NOON, NOON_LATER
from tests.test_mailing_sender import released

SAID = Words("The relay says: {reply}", {"reply": "250 2.0.0 Ok\nqueued"})


def claimed(tx: Connection, database: Database) -> list[str]:
    rows = claiming.claim(
        tx,
        "me",
        campaign_id=None,
        now=NOON_LATER,
        limit=10,
        lease=timedelta(minutes=1),
    )
    return [row.id for row in rows]


def outcomes(ids: list[str]) -> list[Settled]:
    return [Settled(id_, "me", "sent", SAID, NOON_LATER, NOON_LATER) for id_ in ids]


def test_each_outcome_stands_at_its_own_row(database: Database, school: School, ana: Actor) -> None:
    id_ = released(database, ana, school, "Alina", "Boris", "Clara", "Dora")
    with database.begin() as tx:
        ids = claimed(tx, database)
        states = ["sent", "failed", "due", "held"]
        replies = [SAID, Words(""), Words('"Quoted" \\ {reply}', {"reply": "Я\t"}), SAID]
        settling.settle(
            tx,
            [
                Settled(each, "me", state, reply, NOON_LATER, NOON_LATER + timedelta(minutes=n))
                for n, (each, state, reply) in enumerate(zip(ids, states, replies, strict=True))
            ],
        )
        rows = {
            row.id: row
            for row in tx.execute(
                text("SELECT id, state, reply, next_at, owner, attempt FROM delivery")
            )
        }
        assert outbox.waits(tx, id_)
    for n, each in enumerate(ids):
        row = rows[each]
        assert (row.state, row.owner, row.attempt) == (states[n], None, 1)
        assert row.next_at == (NOON_LATER + timedelta(minutes=n)).timestamp()
        kept = Words.from_json(row.reply) if row.reply else Words("")
        assert kept == replies[n]


def test_what_is_anothers_stays_as_it_is(database: Database, school: School, ana: Actor) -> None:
    released(database, ana, school, "Alina")
    with database.begin() as tx:
        (id_,) = claimed(tx, database)
        settling.settle(tx, [Settled(id_, "you", "sent", SAID, NOON, NOON)])
        assert tx.execute(text("SELECT state FROM delivery")).scalar_one() == "sending"
        settling.settle(tx, outcomes([id_]))
        settling.settle(tx, [Settled(id_, "me", "failed", SAID, NOON, NOON)])
        assert tx.execute(text("SELECT state FROM delivery")).scalar_one() == "sent"


def test_the_first_of_two_outcomes_of_a_mail_stands(
    database: Database, school: School, ana: Actor
) -> None:
    """In one group as in two: nothing is known of a mail after it was settled."""
    released(database, ana, school, "Alina", "Boris")
    with database.begin() as tx:
        first, second = claimed(tx, database)
        dead = Settled(first, "me", "failed", SAID, NOON_LATER, NOON_LATER, hard=True)
        settling.settle(tx, [*outcomes([first]), *outcomes([second]), dead])
        rows = tx.execute(text("SELECT state, attempt FROM delivery")).all()
        assert [tuple(row) for row in rows] == [("sent", 1), ("sent", 1)]
        assert suppression.of(tx, ana, school.id) == []
