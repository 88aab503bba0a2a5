"""A letter as anybody may read it in the browser, behind one link for all readers of a language.

The link stands in the letter (RFC 5064) and carries what it needs, so that it outlives any
restore. Nothing of the one reader is shown: neither her fields, nor links made of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from mailing import (
    attachments,
    conditions,
    inviting,
    places,
    recipients,
    records,
    templates,
    urgent,
)
from mailing.model import Campaign, Origin
from mailing.places import Place
from mailing.templates import Around
from mailing.wording import wording
from store import access, links, schools
from store.db import Connection
from store.legibility import legible
from store.schools import School

PURPOSE = "archive"
ELSE = "…"  # stands for what is one reader's own
OPENS = "lesson_link"  # a door into the room: not for whom a letter was passed on to
MARK = "\0"  # no Markdown holds one
SIGNED = r'https?://[^\s"<>]*/(?:lesson|report|comment|appeal|u)/[A-Za-z0-9_-]{60,}'  # ways in
OWN_LINK = re.compile(rf"<a [^>]*(?:{MARK}|{SIGNED})[^>]*>(.*?)</a>", re.DOTALL)
PICTURE = re.compile(r'<img [^>]*?alt="([^"]*)"[^>]*>')


class Missing(Enum):
    UNSENT = "unsent"
    ERASED = "erased"


@dataclass(frozen=True)
class Letter:
    """`others`: the languages that it is written in as well, each with its token."""

    campaign: Campaign
    school: School
    language: str
    sent_at: datetime
    others: Mapping[str, str]
    lesson: Mapping[str, str]  # fields of an invitation, the same for all
    files: tuple[str, ...]


def address(origin: Origin, campaign: Campaign, language: str) -> str:
    """Where all readers of this language may read it; '' for mail that is read there and then."""
    if not origin.public_url or not origin.reachable or campaign.lane == urgent.LANE:
        return ""
    return f"{origin.public_url}/m/{token(origin.key, campaign.id, language)}"


def token(key: bytes, campaign_id: str, language: str) -> str:
    """What stands after /m/ in the link."""
    return links.sign(key, PURPOSE, campaign_id, language)


def show(tx: Connection, key: bytes, token_: str, *, now: datetime) -> Letter | Missing | None:
    """What the link is about; None if we never made it."""
    opened = links.opened(key, PURPOSE, token_)
    if opened is None:
        return None
    id_, wanted = opened
    pult = access.system(*schools.every_id(tx))
    try:
        campaign = records.content(tx, pult, id_)
    except access.Denied:
        return Missing.ERASED
    written = recipients.written(campaign.body)
    if not written:
        return Missing.ERASED
    sent_at = campaign.leaves_at
    if campaign.state not in ("released", "paused", "stopped") or sent_at is None or now < sent_at:
        return Missing.UNSENT
    school = schools.get(tx, pult, campaign.school_id)
    language = recipients.variant(wanted, school.language, written)
    others = {each: token(key, id_, each) for each in written if each != language}
    files = tuple(legible(each.name) for each in attachments.of(tx, pult, id_))
    lesson = _lesson(tx, campaign, school, language)
    return Letter(campaign, school, language, sent_at, others, lesson, files)


def page(letter: Letter, above: str) -> str:
    """The whole document; `above` is HTML that stands over the letter's own words."""
    said = wording(letter.language)
    around = Around(said.archived.format(school=letter.school.name), above=above)
    template = templates.within(
        conditions.fitted(letter.campaign.subject.get(letter.language, ""), letter.lesson),
        conditions.fitted(letter.campaign.body[letter.language], letter.lesson),
        around,
        language=letter.language,
        school=letter.school.name,
    )
    neutral = {**dict.fromkeys(template.names, ELSE), "name": said.reader, **letter.lesson}
    html = "".join(p if isinstance(p, str) else _shown(p, neutral) for p in template.html)
    html = OWN_LINK.sub(r"<span>\1</span>", html).replace(MARK, "")
    html = re.sub(SIGNED, ELSE, html)
    return PICTURE.sub(lambda found: f"[{found[1]}]" if found[1] else "", html)


def _lesson(tx: Connection, campaign: Campaign, school: School, language: str) -> Mapping[str, str]:
    invitation = inviting.stored(tx, campaign.id)
    if invitation is None:
        return {}
    known = invitation.fields(language, school.zone)
    return {name: said for name, said in known.items() if name != OPENS}


def _shown(place: Place, neutral: Mapping[str, str]) -> str:
    return places.shown(place, neutral) if place.kind in ("text", "title") else MARK
