"""What a letter is about: who left that topic does not get it; what one must know reaches all."""

from dataclasses import replace

import streamlit as st

from console.desk import issues
from console.i18n import N_, _
from console.wiring import Console
from mailing import campaigns
from mailing.model import SERVICE, Campaign
from mailing.segments import Segment
from store.access import Actor
from store.schools import School

LONGEST = 60  # characters of a topic, which readers see beside a tick
NAMES = {
    campaigns.DEFAULT_TOPIC: N_("Announcements"),
    issues.TOPIC: N_("Newsletter"),
    SERVICE: N_("What they must know, such as a changed room"),
}


def pick(
    console: Console, actor: Actor, school: School, campaign: Campaign, segment: Segment
) -> Campaign:
    """Draw the choice; the draft, with the chosen topic kept."""
    with console.db.read() as tx:
        known = campaigns.topics(tx, actor, school.id)
    options = list(dict.fromkeys((campaigns.DEFAULT_TOPIC, *known, campaign.topic, SERVICE)))
    chosen = st.selectbox(
        _("Topic"),
        options,
        index=options.index(campaign.topic),
        format_func=lambda each: _(NAMES[each]) if each in NAMES else each,
        accept_new_options=True,
        key=f"topic-{campaign.id}",
        help=_("Readers leave a topic by themselves. Write a new one to begin it."),
    )
    topic = " ".join((chosen or "").split())[:LONGEST] or campaign.topic
    if topic == SERVICE:
        st.caption(_("It reaches those too who left this school's mail: for nothing else."))
    if topic == campaign.topic:
        return campaign
    with console.db.begin() as tx:
        campaigns.save(
            tx,
            actor,
            campaign.id,
            subject=campaign.subject,
            body=campaign.body,
            segment=segment,
            sender=campaign.sender,
            topic=topic,
            uncertain=campaign.uncertain,
            now=console.now(),
        )
    return replace(campaign, topic=topic, segment=segment.to_json())
