"""Two moderators who take the next case as fast as they can never decide the same one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks import waiting_cases
from moderation import review
from moderation.model import ModerationError
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON

CASES = 1_000


@pytest.fixture
def queue(database: Database, school: School) -> None:
    waiting_cases.fill(database, school.id, waiting=CASES, decided=0)


def _work_through(database: Database, actor: Actor, school: School) -> list[str]:
    """Take and decide until nothing is left; return the cases that this one decided."""
    decided: list[str] = []
    while True:
        with database.begin() as tx:
            case = review.next_case(tx, actor, school.id, now=NOON)
        if case is None:
            return decided
        with database.begin() as tx:
            review.decide(tx, actor, case.id, "approve", version=case.version, now=NOON)
        decided.append(case.id)


def test_a_thousand_cases_are_decided_once_each_by_two(
    database: Database, school: School, queue: None, ana: Actor, ben: Actor
) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda who: _work_through(database, who, school), (ana, ben)))
    both = [case_id for each in done for case_id in each]
    assert len(both) == len(set(both))
    with database.read() as tx:
        left, _oldest = review.count(tx, ana, school.id)
        kept = tx.execute(text("SELECT COUNT(*), COUNT(DISTINCT case_id) FROM decision")).one()
    assert len(both) + left == CASES
    assert tuple(kept) == (len(both), len(both))
    assert left == 0


def test_who_decides_a_case_that_another_holds_is_refused(
    database: Database, school: School, queue: None, ana: Actor, ben: Actor
) -> None:
    with database.begin() as tx:
        case = review.next_case(tx, ana, school.id, now=NOON)
    assert case is not None
    with database.begin() as tx, pytest.raises(ModerationError):
        review.decide(tx, ben, case.id, "approve", version=case.version, now=NOON)
