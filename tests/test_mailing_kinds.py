"""Each kind of mail, in each language, is in order for a reader written from the RFCs."""

import pytest

from mailing.starters import STARTERS
from store.db import Database
from store.schools import LANGUAGES
from tests import strict_kinds
from tests.strict_kinds import KINDS
from tests.strict_mail import faults


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_mail_is_in_order(kind: str, language: str) -> None:
    mails = [*KINDS[kind](language)]
    assert mails
    assert [faults(mail) for mail in mails] == [[]] * len(mails)


def test_the_kinds_are_what_they_are_called() -> None:
    """Else the checker would accept the same letter many times."""
    assert KINDS.keys() >= STARTERS.keys()
    (invited,) = KINDS["invitation"]("ru")
    assert b"method=REQUEST" in invited
    (off,) = KINDS["lesson called off"]("ru")
    assert b"method=CANCEL" in off
    files = [*KINDS["all ready texts with files"]("ru")]
    assert all(each.count(b"Content-Disposition: attachment") >= 3 for each in files)
    assert all(b"List-Unsubscribe" in each for each in KINDS["newsletter"]("ru"))
    for kind in ("all ready texts as service mail", "emergency"):
        assert not any(b"List-Unsubscribe" in each for each in KINDS[kind]("ru"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_test_letter_is_in_order_as_a_relay_gets_it(database: Database, language: str) -> None:
    mails = [*strict_kinds.trial_letters(database, language)]
    assert len(mails) == len(STARTERS)
    assert [faults(mail) for mail in mails] == [[]] * len(mails)
