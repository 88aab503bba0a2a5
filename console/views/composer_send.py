"""Check a draft, send a test, and say everything back before it goes to people."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from console.i18n import _, escape, ngettext, number, say
from console.views import (
    acting,
    composer_enclosed,
    composer_points,
    composer_when,
    forms,
    presence,
    segment_picker,
    segment_words,
)
from console.views.campaigns import subject_of
from console.views.segment_picker import Choices
from console.widgets import actionbar, confirm, pages
from console.wiring import Console
from mailing import campaigns, lint, reaching, recipients, releasing, sender
from mailing.lint import Finding
from mailing.model import Campaign, MailingError
from mailing.segments import Audience, Segment
from store import access
from store.access import Actor
from store.schools import School
from store.words import N_, Words

CHANGED = N_("The draft has changed since it was shown. Review it again.")
NO_RELAY = N_("No mail relay is set yet. An administrator enters it under Admin, Mail.")


def draw(
    console: Console,
    actor: Actor,
    school: School,
    campaign: Campaign,
    meant: Audience,
    offered: Choices,
) -> None:
    """The open points, then the two buttons."""
    reading = composer_points.with_courses(console, actor, campaign, meant)
    enclosed = composer_enclosed.known(console, actor, campaign)
    now = console.now()
    points = list(composer_points.open_points(campaign, school, reading, enclosed, now=now))
    found = [*_led_nowhere(campaign), *lint.findings(campaign.subject, campaign.body)]
    found += composer_points.unknown(campaign, meant, enclosed)
    found += lint.unleavable(console.origin, campaign.topic)
    _tell(points, found)
    stopped = any(finding.stops for finding in found)
    anyway = stopped and st.checkbox(
        _("Send it all the same"), key=f"composer-anyway-{campaign.id}"
    )
    with st.container(horizontal=True):
        may = access.may(actor, "send", school.id)
        written = recipients.written(campaign.body)
        named = all(campaign.subject.get(each, "").strip() for each in written)
        ready = bool(meant.people) and bool(written) and named and may
        if st.button(
            _("Review and send"),
            type="primary",
            icon=":material/send:",
            shortcut=None if confirm.is_open() else "Mod+Enter",
            disabled=not ready or (stopped and not anyway),
            on_click=confirm.opening,
            key="composer-send",
        ):
            if not anyway and _look_at_links(campaign, school):
                confirm.closed()
                st.rerun()
            told = [*points, *(finding.words for finding in found)]
            campaign, absent = presence.again(console, actor, school, campaign)
            if absent:
                segment = Segment.from_json(campaign.segment)
                meant = segment_picker.audience(
                    console, actor, school, segment, topic=campaign.topic
                )
            _ask(console, actor, school, campaign, meant, offered, told, absent)
        composer_when.draw(console, actor, school, campaign)
        if st.button(_("Send a test"), icon=":material/forward_to_inbox:", key="composer-test"):
            _test(console, actor, school, campaign)


def _tell(points: Sequence[Words], found: Sequence[Finding]) -> None:
    for point in points:
        st.markdown(f":orange[◆] {say(point)}")
    for finding in found:
        st.markdown(f"{':red[▲]' if finding.stops else ':orange[◆]'} {say(finding.words)}")
    if not points and not found:
        st.markdown(f":green[●] {_('Every reader has a text, and no field is empty.')}")


def _look_at_links(campaign: Campaign, school: School) -> bool:
    """Ask, when she means to send, whether the links lead anywhere; True if one does not."""
    links = lint.links(campaign.body)
    with st.spinner(_("Looking whether the links lead anywhere")):
        dead = reaching.dead(links, loopback_only=school.simulated)
    st.session_state[f"dead-{campaign.id}"] = (links, dead)
    return bool(dead)


def _led_nowhere(campaign: Campaign) -> list[Finding]:
    """What the last look at these links found."""
    links, dead = st.session_state.get(f"dead-{campaign.id}", ([], []))
    same = links == lint.links(campaign.body)
    return [Finding(words, stops=True) for words in dead] if same else []


def _ask(
    console: Console,
    actor: Actor,
    school: School,
    campaign: Campaign,
    meant: Audience,
    offered: Choices,
    points: list[Words],
    absent: str = "",
) -> None:
    """Say back what goes to whom; the button names the number."""
    getting, out = len(meant.people), len(meant.left_out)
    enclosed = composer_enclosed.known(console, actor, campaign)
    told = {
        _("Subject"): subject_of(campaign),
        _("To"): segment_words.plain_sentence(Segment.from_json(campaign.segment), offered),
        _("Left out"): f"{number(out)} · {segment_picker.why(meant.left_out, markdown=False)}"
        if out
        else _("nobody"),
        _("From"): campaign.sender,
        _("When"): composer_when.said(console, school, campaign, getting),
        _("Undo"): _("call it back until then; later, pause"),
    }
    if absent:
        told[_("Absent")] = absent
    if enclosed.invitation:
        told[_("Invites to")] = enclosed.invitation.title
    if enclosed.files:
        size = composer_enclosed.sized(enclosed.size)
        told[_("Files")] = f"{', '.join(each.name for each in enclosed.files)} · {size}"
    if points:
        told[_("Open points")] = " ".join(say(point, markdown=False) for point in points)
    button = ngettext("Send to {n} person", "Send to {n} people", getting).format(n=getting)
    confirm.ask(_("Send this?"), told, button, partial(_release, console, actor, campaign))


def _release(console: Console, actor: Actor, campaign: Campaign) -> None:
    """Release the draft that was shown, not a later one."""
    released = False
    with acting.guarded():
        with console.db.begin() as tx:
            if campaigns.get(tx, actor, campaign.id).updated_at != campaign.updated_at:
                raise MailingError(CHANGED)
            releasing.release(tx, actor, campaign.id, terms=console.terms, now=console.now())
        released = True
    if released:
        pages.go("delivery", id=campaign.id)


def _test(console: Console, actor: Actor, school: School, campaign: Campaign) -> None:
    def ask() -> Callable[[], None]:
        email = st.text_input(
            _("Your address"), st.session_state.get("test-address", ""), key="test-email"
        )

        def send() -> None:
            relay = console.relay(school.id)
            if relay is None:
                raise MailingError(NO_RELAY)
            outcome = sender.send_test(
                console.db,
                actor,
                campaign.id,
                email or "",
                relay,
                console.origin,
                language=st.session_state.get(f"language-{campaign.id}") or "",
                now=console.now(),
            )
            if outcome.kind != "sent":
                raise MailingError(outcome.words.template, **outcome.words.params)
            st.session_state["test-address"] = email
            actionbar.say(_("A test went to {address}.").format(address=escape(email or "")))

        return send

    forms.edit(_("Send a test"), _("Send the test"), ask, icon=":material/forward_to_inbox:")
