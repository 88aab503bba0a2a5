"""Measures in a timeline: what was imposed, what they were told of it, how they appealed."""

from collections.abc import Iterator
from datetime import datetime

from console.desk import letter_sending, measure_words, people
from console.desk.letter_sending import Letter
from console.desk.measure_words import KINDS
from console.i18n import N_, _, escape, say
from console.widgets import strangers
from console.wiring import Console
from moderation import appeals, house, measures
from moderation.model import Subject
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


def imposed(
    console: Console, actor: Actor, school: School, person: Person
) -> Iterator[tuple[datetime, str]]:
    """When, and our Markdown of it; a warning reaches no platform and would stand nowhere else."""
    with console.db.read() as tx:
        past = measures.history(tx, actor, school.id, Subject(person.id))
        kept = house.of(tx, actor, school.id)
        heard = appeals.of_measures(tx, actor, school.id, [each.id for each in past])
    for measure in past:
        rule = strangers.name(measure_words.rule(kept, measure))
        yield measure.imposed_at, f"**{_(KINDS[measure.kind])}**" + (f" · {rule}" if rule else "")
        appeal = heard.get(measure.id)
        if appeal is not None:
            ended = measure_words.outcome(appeal, school, now=console.now())
            words = strangers.name(ended) or _("not decided yet")
            at = appeal.decided_at or appeal.opened_at
            yield at, _("Appeal: {outcome}").format(outcome=words)


def told(
    console: Console, actor: Actor, school: School, person: Person
) -> Iterator[tuple[datetime, str]]:
    with console.db.read() as tx:
        past = measures.history(tx, actor, school.id, Subject(person.id))
        letters = [one for each in past for one in letter_sending.of_measure(tx, actor, each.id)]
        names = people.connection_names(tx, actor, school.id)
    for letter in letters:
        way = _("by mail") if letter.way == "mail" else names.get(letter.connection_id, "")
        yield letter.at, _line(letter, escape(way))


def _line(letter: Letter, way: str) -> str:
    badge = f":{COLOURS.get(letter.state, 'orange')}-badge[{_(STATES[letter.state])}]"
    said = (strangers.name(letter.subject), way, say(letter.why))
    return f"{badge} {' · '.join(part for part in said if part)}"
