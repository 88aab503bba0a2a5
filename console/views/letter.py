"""A released letter to be read: all that a second person agrees to, and what people got."""

from functools import partial

import streamlit as st

from console.i18n import NAMES, _, listed, moment, number, say
from console.views import composer_enclosed, composer_preview, segment_picker, segment_words
from console.widgets import pages, strangers
from console.wiring import Console
from mailing import attachments, letters
from mailing.model import Campaign
from mailing.segments import Segment
from store.access import Actor
from store.schools import School

SHOWN = 50  # readers to choose from; a search finds the others
FOR = "letter"  # in the address: the delivery whose letter is asked for


def draw(console: Console, actor: Actor, school: School, campaign: Campaign) -> None:
    """Open while somebody is to agree to it, or came to read it; folded afterwards."""
    asked = pages.asked(FOR)
    opened = campaign.state == "asked" or asked is not None
    box = st.expander(
        _("The letter"),
        opened,
        icon=":material/mail:",
        on_change="rerun",
        key=f"letter-{campaign.id}-{campaign.state == 'asked'}",
    )
    if not box.open:
        return  # nobody reads it: nothing is counted
    with box:
        _facts(console, actor, school, campaign)
        _files(console, actor, campaign)
        _text(console, actor, campaign, asked)


def _facts(console: Console, actor: Actor, school: School, campaign: Campaign) -> None:
    """The same that its author was told before she released it."""
    segment = Segment.from_json(campaign.segment)
    offered = segment_picker.choices(console, actor, school, segment)
    with console.db.read() as tx:
        spoken = letters.languages(tx, actor, campaign.id)
        out = letters.left_out(tx, actor, campaign.id)
    by_language = (f"{NAMES.get(each, each)}: {number(n)}" for each, n in spoken.items())
    told = {
        _("From"): campaign.sender,
        _("To"): segment_words.plain_sentence(segment, offered),
        _("Left out"): listed(
            f"{say(why, markdown=False).rstrip('.。')}: {number(n)}" for why, n in out
        )
        or _("nobody"),
        _("Languages"): listed(by_language),
        _("When"): _when(console, school, campaign),
    }
    if campaign.replies:
        told[_("Answers go to")] = campaign.replies
    invitation = composer_enclosed.known(console, actor, campaign).invitation
    if invitation:
        at = moment(invitation.starts_at, school.zone, now=console.now())
        told[_("Invites to")] = f"{invitation.title} · {at}"
    for name, value in told.items():
        left, right = st.columns([1, 4], wrap=False)
        left.caption(name)
        with right:
            strangers.text(value)


def _when(console: Console, school: School, campaign: Campaign) -> str:
    chosen = campaign.scheduled_for
    if chosen is None:
        return _("At once")
    at = moment(chosen, school.zone, now=console.now())
    return f"{at} · {_('by each reader’s own clock')}" if campaign.by_zone else at


def _files(console: Console, actor: Actor, campaign: Campaign) -> None:
    """Each can be opened: what leaves with a letter is agreed to with it."""
    enclosed = composer_enclosed.known(console, actor, campaign)
    with st.container(horizontal=True):
        for each in enclosed.files:
            st.download_button(
                strangers.name(f"{each.name} · {composer_enclosed.sized(each.size)}"),
                partial(_content, console, actor, campaign, each.id),
                file_name=each.name,
                mime=each.kind,
                icon=":material/attach_file:",
                on_click="ignore",
                key=f"letter-file-{each.id}",
            )


def _content(console: Console, actor: Actor, campaign: Campaign, file_id: str) -> bytes:
    with console.db.read() as tx:
        return attachments.file(tx, actor, campaign.id, file_id)


def _text(console: Console, actor: Actor, campaign: Campaign, asked: str | None) -> None:
    """In each language, and as any of its readers gets it."""
    chosen = asked or _reader(console, actor, campaign)
    if not chosen:
        st.caption(_("Nobody who is found so gets it."))
        return
    with console.db.read() as tx:
        archive = "#" if console.origin.reachable else ""
        rendered = letters.rendered(tx, actor, chosen, archive=archive)
    composer_preview.show(rendered)


def _reader(console: Console, actor: Actor, campaign: Campaign) -> str | None:
    with console.db.read() as tx:
        spoken = list(letters.languages(tx, actor, campaign.id))
    language = spoken[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(spoken) > 1:
            key = f"letter-language-{campaign.id}"
            current = st.session_state.get(key) or language
            language = (
                st.segmented_control(
                    _("Language"),
                    spoken,
                    default=None if key in st.session_state else language,
                    required=True,
                    format_func=lambda each: composer_preview.label(
                        NAMES.get(each) or each, on=each == current
                    ),
                    key=key,
                )
                or language
            )
        typed = st.text_input(_("Find a reader"), key=f"letter-search-{campaign.id}", width=220)
        search = (typed or "").strip()
        with console.db.read() as tx:
            found = letters.readers(  # who is looked for is found whatever she reads
                tx,
                actor,
                campaign.id,
                language="" if search else language,
                search=search,
                limit=SHOWN,
            )
        names = {each.delivery_id: f"{each.name}, {each.email}" for each in found}
        return st.selectbox(
            _("Show as"),
            list(names),
            format_func=lambda id_: strangers.line(names[id_]),
            key=f"letter-reader-{hash(tuple(names))}",  # others are offered: none of them is chosen
            width=320,
        )
