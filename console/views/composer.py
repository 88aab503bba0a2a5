"""The composer: right people, right words? What is typed is kept at once, as a draft."""

from collections import Counter
from collections.abc import Mapping

import streamlit as st

from console.i18n import NAMES, _, clock, say
from console.views import (
    composer_enclosed,
    composer_preview,
    composer_send,
    composer_topic,
    lesson_group,
    saved_groups,
    segment_picker,
)
from console.widgets import actionbar, pages
from console.wiring import Console
from mailing import alike, campaigns, conditions, courses, recipients
from mailing.model import Campaign, MailingError
from mailing.segments import Audience, Segment
from mailing.starters import STARTERS
from store import access
from store.access import Actor
from store.schools import LANGUAGES, School


def page(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "write", school.id)
    campaign_id = pages.asked()
    if campaign_id is None:
        st.title(_("New campaign"), anchor=False)
        st.info(_("Begin under Campaigns, Recipients, or with a person or an incident."))
        return
    with console.db.read() as tx:
        campaign = campaigns.get(tx, actor, campaign_id)
    access.require(actor, "write", campaign.school_id)
    if campaign.state != "draft":
        st.info(_("This campaign is released; what people got stays as it was."))
        pages.link(
            "delivery", _("Who has not got it?"), icon=":material/outgoing_mail:", id=campaign.id
        )
        return
    head = st.container(horizontal=True, horizontal_alignment="distribute")
    left, right = st.columns(2, gap="medium")
    with left:
        campaign, meant = _write(console, actor, school, campaign)
    with right:
        composer_preview.draw(console, actor, campaign, meant)
    with head:
        st.title(_("New campaign"), anchor=False, width="content")
        saved = clock(campaign.updated_at, school.zone, seconds=True)
        st.caption(f":material/cloud_done: {_('Saved {time}').format(time=saved)}", width="content")
    actionbar.told()


def _write(
    console: Console, actor: Actor, school: School, campaign: Campaign
) -> tuple[Campaign, Audience]:
    """Draw the fields, keep what changed; return the draft as kept, and who is meant."""
    _ask_a_lesson(console, actor, school, campaign)
    begun = saved_groups.chosen(console, actor, school, key=f"group-{campaign.id}")
    kept = begun.segment if begun else Segment.from_json(campaign.segment)
    offered = segment_picker.choices(console, actor, school, kept)
    asked = "".join(kept.asked[2:])  # asked again, its people are others
    key = f"to-{campaign.id}-{begun.id}{asked}" if begun else f"to-{campaign.id}{asked}"
    lesson_group.caption(console, school, kept)
    segment = segment_picker.pick(kept, offered, key=key)
    campaign = composer_topic.pick(console, actor, school, campaign, segment)
    before = campaign
    meant = segment_picker.audience(console, actor, school, segment, letter=campaign)
    segment_picker.count(meant)
    chosen = _language(campaign, school, meant)
    campaign = _begin(console, actor, campaign)
    subject = dict(campaign.subject) | {chosen: _subject(campaign, chosen)}
    body = dict(campaign.body) | {chosen: _body(campaign, chosen)}
    campaign = _keep(console, actor, campaign, segment, subject, body)
    if alike.asked(campaign) != alike.asked(before):  # brothers and sisters may get their own now
        meant = segment_picker.audience(console, actor, school, segment, letter=campaign)
    composer_enclosed.draw(console, actor, school, campaign)
    composer_send.draw(console, actor, school, campaign, meant, offered)
    return campaign, meant


def _ask_a_lesson(console: Console, actor: Actor, school: School, campaign: Campaign) -> None:
    """The people of a lesson that runs now take the place of whoever was chosen."""
    kept = Segment.from_json(campaign.segment)
    found = lesson_group.draw(console, actor, school, kept, key=f"lesson-group-{campaign.id}")
    if found is not None:
        _save(console, actor, campaign, found, campaign.subject, campaign.body)
        st.session_state[f"group-{campaign.id}"] = ""
        st.rerun()


def _begin(console: Console, actor: Actor, campaign: Campaign) -> Campaign:
    """An empty draft may begin with one of the ready texts, in all languages at once."""
    keys = {
        part: {each: f"{part}-{campaign.id}-{each}" for each in LANGUAGES}
        for part in ("subject", "body")
    }
    typed = any(
        (st.session_state.get(key) or "").strip() for each in keys.values() for key in each.values()
    )
    if typed or campaign.subject or campaign.body:
        return campaign
    key = f"starter-{campaign.id}"
    current = st.session_state.get(key)
    picked = st.pills(
        _("Begin with"),
        list(STARTERS),
        format_func=lambda each: (
            f":blue[{_(STARTERS[each].name)}]" if each == current else _(STARTERS[each].name)
        ),
        key=key,
    )
    if not picked:
        return campaign
    begun = STARTERS[picked]
    for each in LANGUAGES:  # what the fields show is their state, once they were drawn
        st.session_state[keys["subject"][each]] = begun.subject[each]
        st.session_state[keys["body"][each]] = begun.body[each]
    segment = Segment.from_json(campaign.segment)
    return _save(console, actor, campaign, segment, begun.subject, begun.body)


def _language(campaign: Campaign, school: School, meant: Audience) -> str:
    """The language that is written now; each tells how many read it, ◆ where text is missing."""
    readers = Counter(
        recipients.variant(person.language, school.language, LANGUAGES) for person in meant.people
    )
    key = f"language-{campaign.id}"
    current = st.session_state.get(key) or school.language

    def label(each: str) -> str:
        typed = st.session_state.get(f"body-{campaign.id}-{each}", campaign.body.get(each, ""))
        missing = readers[each] and not (typed or "").strip()
        text = f"{'◆ ' if missing else ''}{NAMES[each]} {readers[each] or ''}".rstrip()
        return f":blue[{text}]" if each == current else text

    chosen = st.segmented_control(
        _("Language"),
        LANGUAGES,
        default=None if key in st.session_state else school.language,
        required=True,
        format_func=label,
        key=key,
        label_visibility="collapsed",
    )
    return chosen or school.language


def _subject(campaign: Campaign, chosen: str) -> str:
    key = f"subject-{campaign.id}-{chosen}"
    return (
        st.text_input(
            _("Subject"),
            "" if key in st.session_state else campaign.subject.get(chosen, ""),
            key=key,
            max_chars=200,
        )
        or ""
    )


def _body(campaign: Campaign, chosen: str) -> str:
    key = f"body-{campaign.id}-{chosen}"
    return (
        st.text_area(
            _("Message (Markdown)"),
            "" if key in st.session_state else campaign.body.get(chosen, ""),
            height=230,
            key=key,
            help=_help(),
        )
        or ""
    )


def _help() -> str:
    known = ", ".join(f"`{{{{ {name} }}}}`" for name in (*recipients.ROLE_FIELDS, courses.FIELD))
    for_some = f"`{conditions.EXAMPLE}` … `{{% else %}}` … `{conditions.END}`"
    return "\n\n".join(
        (
            _("Fields: {fields}").format(fields=known),
            _("For some readers only: {example}").format(example=for_some),
        )
    )


def _keep(
    console: Console,
    actor: Actor,
    campaign: Campaign,
    segment: Segment,
    subject: Mapping[str, str],
    body: Mapping[str, str],
) -> Campaign:
    subject = {each: said for each, said in subject.items() if said.strip()}
    body = {each: said for each, said in body.items() if said.strip()}
    same = (segment.to_json(), subject, body) == (
        campaign.segment,
        dict(campaign.subject),
        dict(campaign.body),
    )
    if same:
        return campaign
    return _save(console, actor, campaign, segment, subject, body)


def _save(
    console: Console,
    actor: Actor,
    campaign: Campaign,
    segment: Segment,
    subject: Mapping[str, str],
    body: Mapping[str, str],
) -> Campaign:
    with console.db.begin() as tx:
        try:
            campaigns.save(
                tx,
                actor,
                campaign.id,
                subject=subject,
                body=body,
                segment=segment,
                sender=campaign.sender,
                topic=campaign.topic,
                uncertain=campaign.uncertain,
                now=console.now(),
            )
        except MailingError as error:
            st.error(say(error))
        return campaigns.get(tx, actor, campaign.id)
