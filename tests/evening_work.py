"""An evening's work with the house as a library: no screen, no server, every call on a real wire.

Run as a program (`python -m tests.evening_work FOLDER`) it does that work over
SQLite in the folder, and prints which modules of Streamlit were loaded meanwhile.
"""

import json
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import requests

from console.desk import incidents, notices, reports
from console.wiring import PACKAGES
from mailing import campaigns, reached, releasing, sender
from mailing.model import UNDO, Origin, Totals
from mailing.transports import Relay
from moderation import actions, intake, review
from moderation.model import Case, Receipt
from probes import check, target_of
from probes.model import State
from store import access, db, migrate
from store.db import Database
from tests.campus import TIMEOUT, Campus, opened
from tests.evening import VAULT, Evening, begin, now
from tests.patience import within

SEEN = 15.0  # seconds until a coordinator sees what fails
INSULT = "Ты идиот, уходи отсюда"
SENDER = "Школа 14 <news@school14.test>"


@dataclass(frozen=True)
class Pupil:
    """A participant with a token of her own, as Moodle's app has one."""

    id: str
    token: str
    forum: int

    def post(self, campus: Campus, message: str) -> Any:
        """Start a discussion; Moodle's answer as it came."""
        return campus.moodle(
            "mod_forum_add_discussion",
            self.token,
            forumid=self.forum,
            subject="Вопрос",
            message=message,
        )


def a_rush_and_a_frozen_picture_are_seen(evening: Evening) -> None:
    """Both on the board in time, and neither before it happens."""
    with evening.probing():
        assert within(SEEN, lambda: evening.board().people_now is not None)
        before = evening.board()
        assert before.cards == [], before.cards
        evening.campus.turn("scenes", "rush", True)
        evening.campus.turn("scenes", "stalled-stream", True)
        assert within(SEEN, lambda: _both_seen(evening)), evening.board().cards
        after = evening.board()
        assert (after.people_now or 0) > (before.people_now or 0)
        assert after.open_incidents == 1
    evening.campus.turn("scenes", "rush", False)
    evening.campus.turn("scenes", "stalled-stream", False)


def an_insult_is_removed_and_comes_back(evening: Evening) -> Pupil:
    """Removed and restored on the platform, each read back over Moodle's own API."""
    pupil = _pupil(evening)
    posted = pupil.post(evening.campus, INSULT)
    assert intake.pull(evening.db, evening.ben, evening.moodle, evening.adapters, now=now())
    case = _case_of(evening, pupil)
    assert case.flags
    with evening.db.begin() as tx:
        assert review.claim(tx, evening.ben, case.id, now=now())
        decision = review.decide(tx, evening.ben, case.id, "remove", reason="insult", now=now())
    assert decision.action_id
    removed = _perform(evening, decision.action_id)
    assert (removed.before, removed.after, removed.state) == ("visible", "removed", "verified")
    assert INSULT not in _said(evening, posted["discussionid"])
    restored = _undo(evening, decision.action_id)
    assert (restored.after, restored.state) == ("visible", "verified")
    assert INSULT in _said(evening, posted["discussionid"])
    return pupil


def its_author_is_blocked_and_let_in_again(evening: Evening, pupil: Pupil) -> None:
    with evening.db.begin() as tx:
        action_id = actions.request(
            tx,
            evening.ben,
            "suspend account",
            school_id=evening.school.id,
            connection_id=evening.moodle,
            external_id=pupil.id,
            reason="insults",
            now=now(),
        )
    assert _perform(evening, action_id).state == "verified"
    assert pupil.post(evening.campus, "again")["errorcode"] == "wsaccessusersuspended"
    assert _undo(evening, action_id).state == "verified"
    assert "discussionid" in pupil.post(evening.campus, "sorry")


def a_report_of_trouble_stands_on_top(evening: Evening) -> str:
    """Return the incident's id."""
    lesson = next(
        row for row in evening.board().lessons if row.running and row.room_id not in evening.streams
    )
    with evening.db.begin() as tx:
        incident_id = reports.report(
            tx,
            access.system(evening.school.id),
            evening.school.id,
            name="Лена",
            said="Не могу войти в класс",
            room_id=lesson.room_id,
            now=now(),
        )
    top = evening.board().cards[0]
    assert (top.incident_id, top.reports, top.owner_id) == (incident_id, 1, None)
    with evening.db.begin() as tx:
        assert incidents.take(tx, evening.ana, incident_id, now=now())
    return incident_id


def the_affected_get_a_letter(evening: Evening, incident_id: str) -> None:
    """Each mail that left is found in the mailbox, once, as RFC 5322 wants it."""
    with evening.db.begin() as tx:
        campaign_id = notices.tell(tx, evening.ana, incident_id, sender=SENDER, now=now())
        assert releasing.release(tx, evening.ana, campaign_id, now=now())
    assert _deliver(evening, campaign_id, now).sent == 0  # it may still be called back
    totals = _deliver(evening, campaign_id, lambda: now() + UNDO)
    assert totals.sent > 1
    with evening.db.read() as tx:  # a full mailbox waits, a dead one failed: each with its words
        missing = reached.undelivered(tx, evening.ana, campaign_id)
    assert all(str(one.why) for one in missing)
    assert totals.sent + len(missing) == totals.audience
    assert totals.held == 0
    found = _mails(evening)
    assert len(found) == totals.sent
    assert len({mail["To"].addresses[0].addr_spec for mail in found}) == totals.sent
    assert len({mail["Message-ID"] for mail in found}) == totals.sent
    for mail in found:
        (author,) = mail["From"].addresses
        assert (author.display_name, author.addr_spec) == ("Школа 14", "news@school14.test")
        assert mail["Auto-Submitted"] == "auto-generated"
        assert abs(mail["Date"].datetime - now()) < timedelta(minutes=2)
        assert mail["List-Unsubscribe"] is None  # it is no newsletter: nobody opts out of it
        assert mail.get_content_type() == "multipart/alternative"
        text, html = (part.get_content() for part in mail.iter_parts())
        assert mail["To"].addresses[0].display_name in text
        assert "<html" in html


def work(database: Database, campus: Campus) -> None:
    """All but the prober's loop: one probe of each kind instead."""
    for address in (campus.addresses["hls"][0], f"stun:{campus.addresses['stun']}"):
        assert check(target_of(address), loopback_only=True).state is State.OK
    evening = begin(database, campus)
    pupil = an_insult_is_removed_and_comes_back(evening)
    its_author_is_blocked_and_let_in_again(evening, pupil)
    the_affected_get_a_letter(evening, a_report_of_trouble_stands_on_top(evening))


def _both_seen(evening: Evening) -> bool:
    seen = evening.board()
    frozen = {card.link[1] for card in seen.cards if card.incident_id and card.state == "down"}
    stopped = [row for row in seen.services if row.prober == "hls" and row.state == "down"]
    full = [card for card in seen.cards if card.state == "full"]
    return bool(frozen and len(stopped) == 1 and full)


def _pupil(evening: Evening) -> Pupil:
    """A pupil of a Moodle course, signed in there."""
    campus = evening.campus
    course = campus.moodle("core_course_get_courses")[-1]["id"]
    (forum,) = campus.moodle("mod_forum_get_forums_by_courses", **{"courseids.0": course})
    students = [
        user
        for user in campus.moodle("core_enrol_get_enrolled_users", courseid=course)
        if user["roles"][0]["shortname"] == "student"
    ]
    known = {person["id"]: person for person in campus.control("/people").json()}
    person = known[students[0]["id"]]
    token = campus.login(person["username"], person["password"])["token"]
    return Pupil(str(person["id"]), token, forum["id"])


def _case_of(evening: Evening, pupil: Pupil) -> Case:
    with evening.db.read() as tx:
        waiting = review.waiting(tx, evening.ben, evening.school.id, now=now(), limit=100)
    (case,) = [
        case
        for case in waiting
        if case.comment.author_external_id == pupil.id and INSULT in case.comment.text
    ]
    return case


def _perform(evening: Evening, action_id: str) -> Receipt:
    return actions.perform(evening.db, evening.ben, action_id, evening.adapters, clock=now)


def _undo(evening: Evening, action_id: str) -> Receipt:
    with evening.db.begin() as tx:
        reverse = actions.undo(tx, evening.ben, action_id, now=now())
    return _perform(evening, reverse)


def _said(evening: Evening, discussion_id: int) -> str:
    """All the posts of a discussion, as Moodle gives them."""
    posts = evening.campus.moodle("mod_forum_get_discussion_posts", discussionid=discussion_id)
    return " ".join(post["message"] for post in posts["posts"])


def _deliver(evening: Evening, campaign_id: str, clock: sender.Clock) -> Totals:
    relay = Relay.from_url(f"smtp://{evening.campus.addresses['smtp']}", loopback_only=True)
    origin = Origin(VAULT.derive("unsubscribe"), "https://pult.school14.test")
    stop = threading.Event()
    done = sender.deliver(evening.db, relay, origin, owner="test", clock=clock, stop=stop)
    assert done.problem is None
    with evening.db.read() as tx:
        return campaigns.totals(tx, evening.ana, campaign_id)


def _mails(evening: Evening) -> list[EmailMessage]:
    url = evening.campus.addresses["mailbox"]
    with requests.Session() as session:
        raw = [
            session.get(f"{url}/messages/{kept['n']}", timeout=TIMEOUT).content
            for kept in evening.campus.mail()
        ]
    return [message_from_bytes(each, EmailMessage, policy=policy.default) for each in raw]


def main(folder: Path) -> None:
    with opened() as campus:
        database = db.connect(folder)
        migrate.apply(database, PACKAGES, now=now())
        work(database, campus)
        database.close()
    loaded = sorted(name for name in sys.modules if name.partition(".")[0] == "streamlit")
    sys.stdout.write(json.dumps({"streamlit": loaded}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
