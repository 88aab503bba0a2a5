"""Put a screen on a stage: its real view, over real databases, without a browser."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from console.desk import connections
from console.sections import Mail, Public, Settings
from console.wiring import Console
from moderation import cases, filters, rules, wordings
from platforms.base import Comment
from store import access, enrolling
from store.access import Actor
from store.db import Database
from store.enrolling import Listed
from store.schools import School
from store.vault import Vault
from tests.conftest import NOON

KEY = b"uXzmAm2cYvSbKJQlHxK6sE0lAGkT6OuAYrXTWjhAHlw="
WAIT = 120  # seconds that one run may take on a busy machine


def console(database: Database, *, sender: str = "") -> Console:
    public = Public(url="https://pult.test")
    return Console(Settings(mail=Mail(sender=sender), public=public), database, Vault(KEY))


def screen(module: str, on: Console, actor: Actor, school: School, **params: str) -> AppTest:
    """The view as the shell shows it, denials included; `params` stand in the address."""
    at = AppTest.from_function(_script, args=(module, on, actor, school), default_timeout=WAIT)
    for name, value in params.items():
        at.query_params[name] = value
    return at.run()


def _script(module: str, on: "Console", actor: "Actor", school: "School") -> None:
    """Streamlit runs its text alone: what it needs is imported inside."""
    from console import app
    from console.widgets import confirm

    confirm.new_run()
    app._show(module, on, actor, school)


def dialog(ask: Callable[[], None]) -> AppTest:
    """The dialog that `ask` opens, and below it what the bar says.

    A browser draws only the dialog anew when something in it is pressed; on the stage
    every run draws all, so that every run has to open it.
    """
    return AppTest.from_function(_dialog, args=(ask,), default_timeout=WAIT).run()


def _dialog(ask: "Callable[[], None]") -> None:
    from console.widgets import actionbar

    actionbar.told()
    ask()


def press(at: AppTest, label: str) -> AppTest:
    """Click the one button that says so."""
    found = [button for button in at.button if button.label == label]
    assert len(found) == 1, f"{len(found)} buttons say {label!r}: {[b.label for b in at.button]}"
    return found[0].click().run()


def said(at: AppTest) -> str:
    """All Markdown on the screen: what could become markup."""
    parts = (*at.markdown, *at.caption, *at.error, *at.info, *at.subheader, *at.title)
    return "\n".join(str(each.value) for each in parts)


def letters(at: AppTest) -> str:
    """All that is shown letter by letter."""
    return "\n".join(str(each.value) for each in at.text)


def connect(on: Console, school: School, url: str, token: str, name: str = "Moodle") -> str:
    """Connect a Moodle; return the connection's id."""
    with on.db.begin() as tx:
        return connections.add(
            tx,
            access.system(school.id),
            school.id,
            on.vault,
            platform="moodle",
            name=name,
            url=url,
            secret=token,
            now=on.now(),
        )


def queue(on: Console, school: School, connection_id: str, found: list[Comment]) -> None:
    """Bring comments in and screen them as the intake does, and enrol who wrote them."""
    actor, now = access.system(school.id), on.now()
    with on.db.begin() as tx:
        watched = rules.of(tx, actor, school.id)
        for comment in found:
            merged = wordings.merge(tx, actor, school.id, connection_id, comment, now=now)
            flags = filters.screen(watched, comment.text)
            flags += filters.screen_subject(watched, comment.subject)
            cases.flagged(tx, actor, merged.id, flags, now=now)
        listed = {comment.author_external_id: _listed(comment) for comment in found}
        enrolling.people(tx, actor, school.id, connection_id, listed.values(), now=now)


def rude(number: int, text: str = "what an idiot", name: str = "Kim Lee") -> Comment:
    """A comment that the starter rules flag."""
    return Comment(
        external_id=f"p{number}",
        thread_id=f"t{number}",
        course_external_id="c1",
        author_external_id=f"a{number}",
        author_name=name,
        place="Homework",
        subject="Re",
        text=text,
        html=text,
        written_at=NOON,
    )


def _listed(comment: Comment) -> Listed:
    id_ = comment.author_external_id
    return Listed(
        external_id=id_,
        username=f"user-{id_}",
        name=comment.author_name,
        email=f"u{id_}@school.test",
        role="student",
        language="en",
        level="",
        group="7B",
        suspended=False,
        last_seen=None,
    )
