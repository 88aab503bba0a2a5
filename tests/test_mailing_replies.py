"""Readers' answers go to one address: what names more of them is refused in words, not cut."""

import pytest

from mailing import replies
from mailing.model import MailingError
from store.access import Actor
from store.db import Database
from store.schools import School
from tests.conftest import NOON


@pytest.mark.parametrize(
    "several",
    [
        "office@school.example, head@school.example",
        "office@school.example; head@school.example",
        "office@school.example head@school.example",
        "Office <office@school.example>, Head <head@school.example>",
        "Staff: office@school.example, head@school.example;",
        "Staff: office@school.example;",
    ],
)
def test_more_than_one_address_is_refused_in_words(
    database: Database, school: School, ada: Actor, several: str
) -> None:
    with database.begin() as tx:
        with pytest.raises(MailingError, match="is several, or a group"):
            replies.save(tx, ada, school.id, several, now=NOON)
        assert replies.of(tx, ada, school.id) == ""


@pytest.mark.parametrize(
    "one", ["office@school.example", '"Petrov, I.: 14" <office@school.example>']
)
def test_one_address_is_kept_whatever_its_name_is(
    database: Database, school: School, ada: Actor, one: str
) -> None:
    with database.begin() as tx:
        replies.save(tx, ada, school.id, one, now=NOON)
        assert replies.of(tx, ada, school.id) == one
