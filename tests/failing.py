"""Actions on real servers over a way that fails, and over one that does not to see what is so."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import cycle
from typing import cast
from urllib.parse import urlsplit

from moderation import actions, calls, intake
from moderation.model import Action, ActionKind
from platforms import PLATFORMS
from platforms.base import Adapter
from platforms.moodle import Moodle
from store import access, schools
from store.access import Actor
from store.db import Database, text
from store.vault import Vault
from tests import acting, stage
from tests import ejabberd as chat
from tests import forum as discussions
from tests.conftest import NOON
from tests.ejabberd import Ejabberd
from tests.faults import Fault, Faults, before
from tests.stand_in import StandIn
from tests.synapse import Synapse

STEADY: tuple[Fault, ...] = ("lost", "torn", "ignored", "forbidden", "limited", "slow")
EVERY: tuple[Fault, ...] = (*STEADY, "unreached", "unavailable")
PLACES = ("synapse", "ejabberd", "forum")
# Calls that make a room for notices before a suspension: nothing hangs on them.
FOR_NOTICES = ("/createRoom", "/account_data/", "/_synapse/admin/v1/join/")
VAULT = Vault(stage.KEY)
LONG = timedelta(minutes=11)  # after which whatever is unresolved is tried again
ROUNDS = 12


@dataclass(frozen=True)
class Way:
    """How Pult reaches a server: what its connection holds."""

    platform: str
    url: str
    secret: str
    options: Mapping[str, str]

    def adapter(self) -> Adapter:
        options = {**self.options, "loopback_only": "1"}
        return PLATFORMS[self.platform].adapter(self.url, self.secret, options)


@dataclass
class Place:
    """A real server, the way to it that fails, and one that does not."""

    faults: Faults
    way: Way  # straight to the server
    changes: Callable[[str, str], bool]  # whether a request is to change something
    kinds: tuple[ActionKind, ...]
    new: Callable[[ActionKind], str]  # somebody, or something said
    start: Callable[[], None]

    @cached_property
    def clean(self) -> Adapter:
        return self.way.adapter()

    @cached_property
    def adapter(self) -> Adapter:
        return self.through.adapter()

    @property
    def through(self) -> Way:
        """The same way, by what fails."""
        path = urlsplit(self.way.url).path
        return replace(self.way, url=self.faults.url + path)

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Whatever is to change something fails; reading goes well."""
        self.faults.plan = lambda method, path: fault if self.changes(method, path) else ""
        yield
        self.faults.plan = lambda _method, _path: ""


@dataclass
class Desk:
    db: Database
    school_id: str
    ben: Actor
    ana: Actor
    places: Mapping[str, Place]
    now: datetime = NOON
    asked: list[str] = field(default_factory=list)

    def ask(self, place: str, kind: ActionKind, external_id: str) -> str:
        with self.db.begin() as tx:
            action_id = actions.request(
                tx,
                self.ben,
                kind,
                school_id=self.school_id,
                connection_id=place,
                external_id=external_id,
                now=self.now,
            )
        self.asked.append(action_id)
        return action_id

    def undo(self, action_id: str) -> str:
        with self.db.begin() as tx:
            back = actions.undo(tx, self.ben, action_id, now=self.now)
        self.asked.append(back)
        return back

    def do(self, *action_ids: str) -> None:
        """What cannot be undone is allowed by Ana, as soon as it is seen that it cannot."""
        acting.perform_all(self.db, self.ben, action_ids, self._adapters, clock=self._clock)
        held = [id_ for id_ in action_ids if self.read(id_).receipt.state == "held"]
        for id_ in held:
            with self.db.begin() as tx:
                actions.allow(tx, self.ana, id_, now=self.now)
        acting.perform_all(self.db, self.ben, held, self._adapters, clock=self._clock)

    def settle(self) -> None:
        """The worker, later: until nothing is open."""
        for _ in range(ROUNDS):
            self.now += LONG
            if not acting.run_due(self.db, self._adapters, clock=self._clock):
                break
        self.do(*(id_ for id_ in self.asked if self.read(id_).receipt.state == "held"))
        states = {self.read(id_).receipt.state for id_ in self.asked}
        assert states <= {"verified", "refused"}

    def read(self, action_id: str) -> Action:
        with self.db.read() as tx:
            action = actions.get(tx, self.ben, action_id)
        assert action is not None
        return action

    def honest(self, *action_ids: str) -> None:
        """Over a way that does not fail: what is called done is so, and what is refused is not."""
        with self.db.read() as tx:
            shown = {one.id for one in actions.of(tx, self.ben, self.school_id, limit=1000)}
        for action in map(self.read, action_ids):
            clean, wanted = self.places[action.connection_id].clean, calls.KINDS[action.kind].wanted
            said = action.receipt.state
            if said in ("verified", "refused"):
                assert (calls.read(clean, action) == wanted) == (said == "verified")
            if said != "verified":
                assert action.receipt.why is not None
                assert action.id in shown

    def subject(self, place: str, kind: ActionKind) -> str:
        """Something new; what was said is taken in first, as the worker does."""
        made, clean = self.places[place].new(kind), self.places[place].clean
        if "comment" in kind:
            intake.pull(self.db, self.ben, place, lambda _: clean, now=self.now)
        return made

    def _adapters(self, connection_id: str) -> Adapter:
        return self.places[connection_id].adapter

    def _clock(self) -> datetime:
        return self.now


@contextmanager
def matrix(synapse: Synapse) -> Iterator[Place]:
    (_, tess), (_, joe) = synapse.person("tess"), synapse.person("joe")
    both = [synapse.room(tess, joe), synapse.room(tess, joe, version="11")]

    def new(kind: ActionKind) -> str:
        if kind == "remove comment":
            return synapse.say(joe, both[0], "you moron")
        return synapse.person("eve")[0]

    way = Way("matrix", synapse.url, synapse.token, {"rooms": ",".join(both)})
    with before(synapse.port, yes=b"{}", restart=synapse.stop) as faults:
        yield Place(
            faults,
            way,
            lambda method, path: method != "GET" and not any(one in path for one in FOR_NOTICES),
            ("remove comment", "suspend account", "mute account"),
            new,
            synapse.start,
        )


@contextmanager
def open_rooms(ejabberd: Ejabberd) -> Iterator[Place]:
    """Moderated rooms where everybody speaks: a lift has to open them for a moment."""
    with rooms(ejabberd, speak="true") as place:
        yield replace(
            place,
            changes=lambda _method, path: "change_room_option" in path,
            kinds=("suspend account",),
            new=lambda _: ejabberd.person("eve"),
        )


@contextmanager
def rooms(ejabberd: Ejabberd, speak: str = "false") -> Iterator[Place]:
    names = [ejabberd.room(moderated="true", members_by_default=speak) for _ in range(3)]

    def new(_: ActionKind) -> str:
        jid = ejabberd.person("eve")
        for name, affiliation in zip(names, ("member", "outcast", "admin"), strict=True):
            ejabberd.make(name, jid, affiliation)
        return jid

    options = {"user": chat.ADMIN, "rooms": ",".join(names)}
    way = Way("ejabberd", ejabberd.url, chat.PASSWORD, options)
    with before(ejabberd.port, yes=b"0", restart=ejabberd.stop) as faults:
        yield Place(
            faults,
            way,
            lambda _method, path: "set_room_affiliation" in path,
            ("suspend account", "mute account"),
            new,
            ejabberd.start,
        )


@contextmanager
def posts(forum: discussions.Forum) -> Iterator[Place]:
    life = ExitStack()

    def start() -> None:
        life.enter_context(forum.running())

    with life, before(forum.port, yes=b"{}", restart=life.close) as faults:
        start()
        forum.post("users", id=discussions.JOE, username="joe")
        thread = forum.thread("Gravity", "Why?")
        yield Place(
            faults,
            Way("openedx", forum.url, discussions.TOKEN, forum.options),
            lambda method, _path: method != "GET",
            ("remove comment",),
            lambda _kind: forum.respond(thread, "you moron"),
            start,
        )


@contextmanager
def lms(campus: StandIn) -> Iterator[Place]:
    """The campus's Moodle: its own answers to others, and those who wrote them, one by one."""
    at = urlsplit(campus.moodle["url"])
    way = Way("moodle", campus.moodle["url"], campus.moodle["token"], {})
    site = cast(Moodle, way.adapter())
    said = [one for one in site.comments(None) if one.parent_id]
    authors = dict.fromkeys(one.author_external_id for one in said)
    answers = cycle(one.external_id for one in said)
    able = cycle(id_ for id_ in authors if not site.protected(id_) and not site.suspended(id_))

    with before(at.port or 80, yes=b"null", restart=lambda: None) as faults:
        yield Place(
            faults,
            way,
            lambda method, _path: method != "GET",
            ("remove comment", "suspend account"),
            lambda kind: next(answers if kind == "remove comment" else able),
            lambda: None,
        )


def desk_of(opened: Database, places: Mapping[str, Place]) -> Desk:
    """A school with a connection for each place; Ben moderates, Ana allows what is held."""
    with opened.begin() as tx:
        school = schools.found(
            tx, access.system(), "School 14", time_zone="UTC", language="en", now=NOON
        )
        for name, place in places.items():
            tx.execute(
                text("""
                    INSERT INTO connection (id, school_id, platform, name, url, secret_sealed,
                                            options, state, detail, created_at)
                    VALUES (:name, :school, :platform, :name, :url, :sealed, :options, 'new', '',
                            :now)
                """),
                {
                    "name": name,
                    "school": school.id,
                    "platform": place.way.platform,
                    "url": place.through.url,
                    "sealed": VAULT.seal(place.way.secret),
                    "options": json.dumps(place.way.options),
                    "now": NOON,
                },
            )
    every = frozenset({school.id})
    ben, ana = Actor("ben", "Ben", "moderator", every), Actor("ana", "Ana", "coordinator", every)
    return Desk(opened, school.id, ben, ana, places)
