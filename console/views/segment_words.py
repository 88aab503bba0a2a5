"""A segment as people say it: "Student of Algebra 7B reading Russian"."""

from console.i18n import NAMES, _, escape, ngettext
from console.views.people import ROLES
from console.views.segment_picker import LEVELS, Choices
from console.widgets import strangers
from mailing.segments import Segment


def sentence(segment: Segment, offered: Choices) -> str:
    """The segment as people say it, in Markdown."""
    return escape(plain_sentence(segment, offered))


def plain_sentence(segment: Segment, offered: Choices) -> str:
    """The segment as people say it: "Student of Algebra 7B reading Russian"; plain text."""
    said = _meant(segment, offered)
    return f"{said} {_('— only whom its courses concern')}" if segment.about else said


def _meant(segment: Segment, offered: Choices) -> str:
    if segment.everyone:
        return _("Everybody in the school")
    roles = ", ".join(_(ROLES[each]) for each in segment.roles if each in ROLES)
    parts = [roles or _("People")]
    if segment.courses:
        names = ", ".join(offered.courses.get(each, "?") for each in segment.courses)
        parts.append(_("of {courses}").format(courses=strangers.line(names, limit=400)))
    if segment.groups:
        parts.append(
            _("in group {groups}").format(
                groups=strangers.line(", ".join(segment.groups), limit=400)
            )
        )
    if segment.levels:
        levels = ", ".join(_(LEVELS[each]) for each in segment.levels if each in LEVELS)
        parts.append(_("at level {levels}").format(levels=levels))
    if segment.languages:
        said = ", ".join(NAMES.get(each, each) for each in segment.languages)
        parts.append(_("reading {languages}").format(languages=said))
    parts += _deeds(segment, offered)
    if parts == [_("People")]:
        parts = []
    by_name = len(segment.people)
    if by_name:
        parts += ["+"] if parts else []
        parts.append(_by_name(segment, offered))
    if parts and segment.guardians:
        parts.append(
            _("and the parents of minors")
            if segment.guardians == "too"
            else _("— only the parents of minors")
        )
    return " ".join(parts) or _("Nobody yet")


def _by_name(segment: Segment, offered: Choices) -> str:
    people = len(segment.people)
    if not segment.asked:
        return ngettext("{n} person by name", "{n} people by name", people).format(n=people)
    words = (
        ngettext("{n} person absent from {lesson}", "{n} people absent from {lesson}", people)
        if segment.absent_from
        else ngettext("{n} person present in {lesson}", "{n} people present in {lesson}", people)
    )
    lesson = strangers.line(offered.courses.get(segment.asked[1], "?"))
    return words.format(n=people, lesson=lesson)


def _deeds(segment: Segment, offered: Choices) -> list[str]:
    """What they did and got, in the words of the sentence."""
    said = []
    if segment.unseen_days:
        said.append(
            ngettext("not seen for {n} day", "not seen for {n} days", segment.unseen_days).format(
                n=segment.unseen_days
            )
        )
    for template, ids in (
        (_("who got “{mail}”"), segment.got),
        (_("who got “{mail}”, may have it or waited for it"), segment.had),
        (_("without “{mail}”"), segment.missed),
    ):
        if ids:
            names = ", ".join(offered.campaigns.get(each, "?") for each in ids)
            said.append(template.format(mail=strangers.line(names, limit=400)))
    return said
