"""Measures in a timeline: what was imposed, what they were told of it, how they appealed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from console.desk import letter_sending, measure_words, people
from console.desk.letter_sending import Letter
from console.desk.measure_words import KINDS
from console.i18n import N_, _, escape, say
from console.widgets import strangers
from console.wiring import Console
from moderation import appeals, house, measures
from moderation.appeals import Appeal
from moderation.house import House
from moderation.model import PENALTIES, Measure, Subject
from store.access import Actor
from store.roster import Person
from store.schools import School

STATES = {  # of a letter
    "due": N_("◆ on its way"),
    "claimed": N_("◆ on its way"),
    "handing": N_("◆ on its way"),
    "sent": N_("● told"),
    "failed": N_("▲ not told"),
    "uncertain": N_("○ perhaps told"),
}
COLOURS = {"sent": "green", "failed": "red", "uncertain": "gray"}


@dataclass(frozen=True)
class Known:
    """All of one person, read once."""

    house: House
    past: list[Measure]
    appeals: dict[str, Appeal]
    coming: frozenset[str]  # measures whose lift no platform has shown yet
    letters: list[Letter]
    places: Mapping[str, str]


def read(console: Console, actor: Actor, school: School, person: Person) -> Known:
    with console.db.read() as tx:
        past = measures.history(tx, actor, school.id, Subject(person.id))
        ids = [each.id for each in past]
        heard = appeals.of_measures(tx, actor, school.id, ids)
        decided = [each for each in past if each.id in heard]
        return Known(
            house.of(tx, actor, school.id),
            past,
            heard,
            frozenset(each.id for each in decided if not measures.settled(tx, actor, each)),
            letter_sending.of_measures(tx, actor, school.id, ids),
            people.connection_names(tx, actor, school.id),
        )


def imposed(known: Known, school: School, *, now: datetime) -> Iterator[tuple[datetime, str]]:
    """When, and our Markdown of it; a warning reaches no platform and would stand nowhere else.

    What was done to a comment stands among the decisions.
    """
    for measure in known.past:
        if measure.kind in PENALTIES:
            rule = strangers.name(measure_words.rule(known.house, measure))
            words = f"**{_(KINDS[measure.kind])}**" + (f" · {rule}" if rule else "")
            yield measure.imposed_at, words
        appeal = known.appeals.get(measure.id)
        if appeal is not None:
            settled = measure.id not in known.coming
            ended = measure_words.outcome(appeal, school, settled=settled, now=now)
            words = strangers.name(ended) or _("not decided yet")
            at = appeal.decided_at or appeal.opened_at
            yield at, _("Appeal: {outcome}").format(outcome=words)


def told(known: Known) -> Iterator[tuple[datetime, str]]:
    for letter in known.letters:
        by_mail = letter.way == "mail"
        way = _("by mail") if by_mail else known.places.get(letter.connection_id, "")
        yield letter.at, _line(letter, escape(way))


def _line(letter: Letter, way: str) -> str:
    badge = f":{COLOURS.get(letter.state, 'orange')}-badge[{_(STATES[letter.state])}]"
    said = (strangers.name(letter.subject), way, say(letter.why))
    return f"{badge} {' · '.join(part for part in said if part)}"
