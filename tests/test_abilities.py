"""A button says what it will do on the comment's own platform."""

from console.views import abilities
from moderation import comments, wordings
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.moderation_platform import _comment, connect


def test_a_button_of_a_platform_that_is_not_connected_any_more_says_that_it_cannot(
    database: Database, school: School, ben: Actor
) -> None:
    on = stage.console(database)
    with database.begin() as tx:
        connect(tx, school)
        post = _comment({"id": "p1", "html": "you", "author": "u1", "at": NOON.timestamp()})
        merged = wordings.merge(tx, ben, school.id, "lms", post, now=NOON)
        kept = comments.get(tx, ben, merged.id)
        tx.execute(text("DELETE FROM connection"))
    assert kept is not None
    assert "by hand" in (abilities.of(on, kept, "LMS", "remove comment").off or "")
