"""What a person does late is neither lost nor stale: retries, held mail, a second person's yes."""

from datetime import timedelta

import pytest

from mailing import campaigns, ledger, outbox, reached, releasing, sums
from mailing.model import UNDO, MailingError, Totals
from mailing.timing import STALE, Terms
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.test_mailing_campaigns import agree
from tests.test_mailing_sender import Clock, deliver, released
from tests.test_mailing_spreading import drafted

WANTED = NOON + timedelta(hours=3)
TWO = Terms(second_person_above=1)


def scheduled(database: Database, ana: Actor, school: School) -> str:
    """A campaign of a chosen time, of which one mail failed and one is in doubt."""
    id_ = released(database, ana, school, "Alina", "Boris")
    with database.begin() as tx:
        releasing.cancel(tx, ana, id_, now=NOON)
        releasing.schedule(tx, ana, id_, WANTED, now=NOON)
        releasing.release(tx, ana, id_, now=NOON)
        tx.execute(
            text("""
                UPDATE delivery SET state = CASE name WHEN 'Alina' THEN 'failed' ELSE 'held' END,
                       owner = 'dead'
                WHERE campaign_id = :id
            """),
            {"id": id_},
        )
    return id_


@pytest.mark.parametrize("state", ["failed", "held"])
def test_what_is_sent_again_long_after_the_chosen_time_leaves(
    database: Database, school: School, ana: Actor, state: str
) -> None:
    id_ = scheduled(database, ana, school)
    clock = Clock(WANTED + STALE + timedelta(hours=1))
    with database.begin() as tx:
        if state == "failed":
            assert releasing.retry_failed(tx, ana, id_, now=clock.now) == 1
        else:
            assert releasing.decide_held(tx, ana, id_, resend=True, now=clock.now) == 1
        assert ledger.expire(tx, now=clock.now) == 0
    with smtp.relay() as relay:
        assert deliver(database, relay.url, clock).sent == 1
    with database.begin() as tx:
        campaign = campaigns.get(tx, ana, id_)
        assert campaign.expires_at == clock.now + STALE
        assert (campaign.totals.sent, campaign.totals.suppressed) == (1, 0)


def test_what_is_sent_again_soon_leaves_the_end_of_the_others_as_it_was(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = scheduled(database, ana, school)
    with database.begin() as tx:
        before = campaigns.get(tx, ana, id_).expires_at
        releasing.retry_failed(tx, ana, id_, now=NOON)
        assert campaigns.get(tx, ana, id_).expires_at == before == WANTED + STALE


def test_whoever_sends_on_after_a_long_pause_means_it(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = scheduled(database, ana, school)
    late = WANTED + STALE + timedelta(hours=1)
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'due', owner = NULL"))
        assert releasing.pause(tx, ana, id_, now=WANTED)
        assert ledger.expire(tx, now=late) == 0  # while it is paused, nothing is decided
        assert releasing.resume(tx, ana, id_, now=late)
        assert ledger.expire(tx, now=late) == 0
    with smtp.relay() as relay:
        assert deliver(database, relay.url, Clock(late)).sent == 2
    with database.begin() as tx:
        assert campaigns.get(tx, ana, id_).expires_at == late + STALE


def test_a_short_pause_leaves_the_end_as_it_was(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = scheduled(database, ana, school)
    with database.begin() as tx:
        assert not releasing.resume(tx, ana, id_, now=WANTED + STALE)
        assert campaigns.get(tx, ana, id_).expires_at == WANTED + STALE
        releasing.pause(tx, ana, id_, now=NOON)
        assert releasing.resume(tx, ana, id_, now=NOON)
        assert campaigns.get(tx, ana, id_).expires_at == WANTED + STALE


def test_a_campaign_whose_doubtful_mails_count_as_sent_is_at_rest(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = scheduled(database, ana, school)
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET owner = NULL WHERE state = 'failed'"))
        assert outbox.take_as_sent(tx, id_, now=WANTED) == 1
        assert sums.settle(tx, now=WANTED) == 1
        assert sums.settle(tx, now=WANTED) == 0
        assert campaigns.totals(tx, ana, id_) == Totals(sent=1, failed=1)


def test_nobody_agrees_any_more_when_the_chosen_time_is_long_past(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    released(database, ana, school, "Alina", "Boris")
    id_ = drafted(database, ana, school, WANTED, by_zone=False)
    with database.begin() as tx:
        releasing.release(tx, ana, id_, terms=TWO, now=NOON)
        with pytest.raises(MailingError, match="Nobody agreed in time"):
            agree(tx, ada, id_, terms=TWO, now=WANTED + STALE)
        assert campaigns.get(tx, ana, id_).state == "asked"
        soon = WANTED + STALE - timedelta(minutes=1)
        assert agree(tx, ada, id_, terms=TWO, now=soon)


def test_nobody_agrees_to_an_issue_that_is_over(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    released(database, ana, school, "Alina", "Boris")
    id_ = drafted(database, ana, school, None)
    until = NOON + timedelta(hours=6)
    with database.begin() as tx:
        tx.execute(
            text("UPDATE campaign SET release_by = :until WHERE id = :id"),
            {"until": until, "id": id_},
        )
        releasing.release(tx, ana, id_, terms=TWO, now=NOON)
        with pytest.raises(MailingError, match="Nobody released this issue in time"):
            agree(tx, ada, id_, terms=TWO, now=until)
        assert agree(tx, ada, id_, terms=TWO, now=until - UNDO)


def test_those_without_it_are_those_whose_mail_failed_and_the_uncertain_if_that_is_asked(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = scheduled(database, ana, school)
    with database.begin() as tx:
        missing = {each.state: each.person_id for each in reached.undelivered(tx, ana, id_)}
        assert missing.keys() == {"failed", "held"}
        assert reached.without(tx, ana, id_) == [missing["failed"]]
        both = reached.without(tx, ana, id_, uncertain=True)
        assert sorted(both) == sorted(each for each in missing.values() if each)
        assert not reached.was_assumed(tx, ana, id_)
        releasing.decide_held(tx, ana, id_, resend=False, now=WANTED)
        assert reached.without(tx, ana, id_, uncertain=True) == [missing["failed"]]
        assert reached.was_assumed(tx, ana, id_)
        assert len(reached.assumed(tx, ana, id_)) == 1, "and she may be without it"


@pytest.mark.parametrize("dead", [False, True])
def test_a_relay_that_takes_no_mail_from_us_leaves_it_to_the_next(
    database: Database, school: School, ana: Actor, dead: bool
) -> None:
    id_ = released(database, ana, school, *(f"Person{n}" for n in range(20)))

    def refuse(verb: str, argument: str) -> str | bool:
        return "550 5.7.1 you are not welcome" if verb == "MAIL" else True

    takes = refuse if dead else lambda verb, argument: True
    with smtp.relay(refuse) as first, smtp.relay(takes) as second:
        done = deliver(database, f"{first.url} {second.url}", Clock())
    if dead:
        assert "not welcome" in str(done.problem)
        assert (done.sent, len(second.mails)) == (0, 0)
    else:
        assert (done.sent, done.problem) == (20, None)
        assert len(second.mails) == len(set(second.recipients)) == 20
    with database.read() as tx:
        assert campaigns.totals(tx, ana, id_).audience == 20


def test_a_second_relay_that_does_not_answer_leaves_the_words_of_the_first(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina")

    def refuse(verb: str, argument: str) -> str | bool:
        return "550 5.7.1 you are not welcome" if verb == "MAIL" else True

    with smtp.relay() as gone:
        pass
    with smtp.relay(refuse) as first:
        done = deliver(database, f"{first.url} {gone.url}", Clock())
    assert "not welcome" in str(done.problem)
    with database.read() as tx:
        assert campaigns.totals(tx, ana, id_) == Totals(waiting=1)
