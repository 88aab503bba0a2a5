"""What somebody is told of a measure about them: by the school's own words, else by ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.desk import measure_words
from console.desk.measure_words import KINDS
from console.i18n import N_, _, labelled, language, speaking
from mailing import fields
from mailing.model import MailingError
from moderation import house
from moderation.appeals import Appeal, Message
from moderation.model import Measure, MeasureKind
from store.access import Actor
from store.db import Connection
from store.legibility import legible
from store.schools import School

FIELDS = ("name", "school")  # what a school's own words may ask for
OURS: dict[MeasureKind, str] = {
    "word": N_("Please keep to the rules of the house. Nothing is closed to you."),
    "warning": N_("This is a warning. The next time you may not be able to write for a while."),
    "mute": N_("You cannot write in the school's discussions for now. You can read them."),
    "suspension": N_("Your account is suspended for now."),
    "block": N_("Your account is blocked."),
    "removal": N_("What you wrote was removed. Nothing else follows from it."),
    "rewording": N_("What you wrote was reworded. Nothing else follows from it."),
}
BACK: dict[MeasureKind, str] = {
    "removal": N_("What you wrote stands in its place again."),
    "rewording": N_("What you wrote stands there again as you wrote it."),
}


@dataclass(frozen=True)
class Told:
    subject: str
    body: str
    language: str


@dataclass(frozen=True)
class Reader:
    """Who is told; `name` is a stranger's word, or ''."""

    name: str
    language: str


def imposed(
    tx: Connection,
    actor: Actor,
    school: School,
    measure: Measure,
    reader: Reader,
    *,
    link: str,
) -> Told:
    with speaking(reader.language):
        kept = house.of(tx, actor, school.id)
        own = kept.words.get(measure.kind, {}).get(language(), "")
        known = measure_words.facts(tx, actor, school, measure, now=None)
        way = _("If you think that this is wrong, say so here; somebody else decides: {link}")
        parts = [
            _greeting(reader),
            _filled(own or _(OURS[measure.kind]), reader, school),
            _lines(known),
            way.format(link=link),
        ]
        return _told(school, _(KINDS[measure.kind]), parts)


def lifted(school: School, measure: Measure, reader: Reader) -> Told:
    with speaking(reader.language):
        said = _("This no longer holds: {what}.").format(what=_(KINDS[measure.kind]))
        if measure.kind in BACK:
            said = _(BACK[measure.kind])
        return _told(school, _("Lifted"), [_greeting(reader), said])


def answered(
    school: School,
    appeal: Appeal,
    message: Message,
    reader: Reader,
    *,
    settled: bool,
    holding: Sequence[Measure],
    link: str,
) -> Told:
    """An answer of the school in the appeal; the last one of a decided appeal is its outcome."""
    with speaking(reader.language):
        ended = measure_words.outcome(appeal, school, settled=settled, holding=holding, now=None)
        read = _("The whole conversation: {link}").format(link=link)
        parts = [_greeting(reader), ended, legible(message.said), read]
        title = _("Your appeal is decided") if ended else _("An answer to your appeal")
        return _told(school, title, parts)


def note(school: School, said: str, reader: Reader) -> Told:
    """A word that counts for nothing, as a moderator wrote it."""
    with speaking(reader.language):
        counts = _("This counts as nothing against you.")
        return _told(school, _("A note"), [_greeting(reader), legible(said.strip()), counts])


def _greeting(reader: Reader) -> str:
    if not reader.name.strip():
        return _("Hello,")
    return _("Hello {name},").format(name=" ".join(legible(reader.name).split()))


def _filled(written: str, reader: Reader, school: School) -> str:
    try:
        pieces = fields.parse(written)
    except MailingError:
        return written
    return fields.fill(pieces, {"name": legible(reader.name), "school": school.name})


def _lines(known: Mapping[str, str]) -> str:
    return "\n".join(labelled(label, said) for label, said in known.items())


def _told(school: School, subject: str, parts: list[str]) -> Told:
    body = "\n\n".join(part for part in parts if part)
    return Told(f"[{school.name}] {subject}", body, language())
