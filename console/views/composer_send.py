"""Check a draft, send a test, and say everything back before it goes to people."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from console.i18n import _, escape, listed, ngettext, number, say
from console.views import (
    acting,
    composer_enclosed,
    composer_points,
    composer_replies,
    composer_when,
    forms,
    presence,
    segment_picker,
    segment_words,
)
from console.views.campaigns import subject_of
from console.views.segment_picker import Choices
from console.widgets import actionbar, confirm, keys, pages, strangers
from console.wiring import Console
from mailing import campaigns, lint, reaching, readiness, releasing, sender, weight
from mailing.lint import Finding
from mailing.model import Campaign, MailingError
from mailing.segments import Audience, Segment
from store import access, addresses
from store.access import Actor
from store.schools import School
from store.vault import VaultError
from store.words import N_

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
    """What stops it and what she should know, then the two buttons."""
    reading = composer_points.with_courses(console, actor, campaign, meant)
    enclosed = composer_enclosed.known(console, actor, campaign)
    now = console.now()
    found = [*_led_nowhere(console, campaign), *lint.findings(campaign.subject, campaign.body)]
    found += composer_points.open_points(campaign, school, reading, enclosed, now=now)
    found += composer_points.unknown(campaign, meant, enclosed)
    found += [*lint.unleavable(console.origin, campaign.topic), *_weight(console, actor, campaign)]
    found += composer_points.ages(console, actor, campaign)
    _tell(found)
    _several(actor, school, meant)
    anyway = _reason(campaign, found)
    with st.container(horizontal=True):
        may = access.may(actor, "send", school.id)
        stopped = any(each.stops for each in found) and not anyway
        ready = bool(meant.people) and may and not any(each.forbids for each in found)
        if st.button(
            _("Review and send"),
            type="primary",
            icon=":material/send:",
            shortcut=keys.shown("Mod+Enter"),
            disabled=not ready or stopped,
            on_click=confirm.opening,
            key="composer-send",
        ):
            if not anyway and _look_at_links(console, actor, campaign, school):
                confirm.closed()
                st.rerun()
            campaign, absent = presence.again(console, actor, school, campaign)
            if absent:
                segment = Segment.from_json(campaign.segment)
                meant = segment_picker.audience(console, actor, school, segment, letter=campaign)
            _ask(console, actor, school, campaign, meant, offered, found, absent, anyway)
        composer_when.draw(console, actor, school, campaign)
        composer_replies.draw(console, actor, campaign)
        if st.button(_("Send a test"), icon=":material/forward_to_inbox:", key="composer-test"):
            _test(console, actor, school, campaign)


def _tell(found: Sequence[Finding]) -> None:
    """What stops it first; with the readers whom it is about."""
    for finding in sorted(found, key=lambda each: not each.stops):
        shape = ":red[▲]" if finding.stops else ":orange[◆]"
        st.markdown(f"{shape} {say(finding.words)}")
        if finding.who:
            st.caption(_named(finding))
    if not found:
        st.markdown(f":green[●] {_('Every reader has a text, and no field is empty.')}")


def _several(actor: Actor, school: School, meant: Audience) -> None:
    """Addresses that get more than one, with where it is said who is one person."""
    often = Counter(addresses.normal(person.email) for person in meant.people)
    if not (several := sum(count > 1 for count in often.values())):
        return
    words = ngettext(
        "{n} address gets several letters", "{n} addresses get several letters", several
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(words.format(n=number(several)), width="content")
        if access.may(actor, "moderate", school.id):
            pages.link("confirming", _("One person or two"), icon=":material/join_inner:")


def _named(finding: Finding) -> str:
    """The readers by name, and how many more there are."""
    more = int(finding.words.params.get("people", 0)) - len(finding.who)
    names = listed(strangers.name(each) for each in finding.who)
    return names if more <= 0 else _("{names} and {n} more").format(names=names, n=number(more))


def _reason(campaign: Campaign, found: Sequence[Finding]) -> str:
    """Why it goes out all the same, where a person may say so."""
    stopping = [each for each in found if each.stops]
    if not stopping or any(each.forbids for each in stopping):
        return ""
    given = st.text_input(
        _("Send it all the same, because"),
        max_chars=readiness.LONGEST,
        help=_("Kept with the campaign, with your name and with what was open."),
        key=f"composer-anyway-{campaign.id}",
    )
    return (given or "").strip()


def _look_at_links(console: Console, actor: Actor, campaign: Campaign, school: School) -> bool:
    """Ask, when she means to send, whether the links lead anywhere; True if one does not."""
    links = lint.links(campaign.body)
    with st.spinner(_("Looking whether the links lead anywhere")):
        dead = reaching.dead(links, loopback_only=school.simulated)
    with console.db.begin() as tx:
        readiness.keep_look(tx, actor, campaign.id, dead, now=console.now())
    return any(words.template != lint.UNCHECKED for words in dead)


def _led_nowhere(console: Console, campaign: Campaign) -> list[Finding]:
    """What the last look at these links found."""
    with console.db.read() as tx:
        return readiness.led_nowhere(tx, campaign)


def _weight(console: Console, actor: Actor, campaign: Campaign) -> list[Finding]:
    """Whether it is more than its relay takes, by what that said last."""
    try:
        relay = console.relay(campaign.school_id)
    except (MailingError, VaultError):
        return []  # the worker says so
    with console.db.read() as tx:
        return weight.findings(tx, actor, campaign, relay)


def _ask(
    console: Console,
    actor: Actor,
    school: School,
    campaign: Campaign,
    meant: Audience,
    offered: Choices,
    points: Sequence[Finding],
    absent: str = "",
    anyway: str = "",
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
        _("When"): composer_when.said(console, actor, school, campaign, getting),
        _("Undo"): _("call it back until then; later, pause"),
    }
    if campaign.replies:
        told[_("Answers go to")] = campaign.replies
    if absent:
        told[_("Absent")] = absent
    if enclosed.invitation:
        told[_("Invites to")] = enclosed.invitation.title
    if enclosed.files:
        size = composer_enclosed.sized(enclosed.size)
        told[_("Files")] = f"{', '.join(each.name for each in enclosed.files)} · {size}"
    if points:
        told[_("Open points")] = " ".join(say(each.words, markdown=False) for each in points)
    if anyway:
        told[_("All the same, because")] = anyway
    button = ngettext("Send to {n} person", "Send to {n} people", getting).format(n=getting)
    go = partial(_release, console, actor, campaign, anyway=anyway)
    confirm.ask(_("Send this?"), told, button, go)


def _release(console: Console, actor: Actor, campaign: Campaign, *, anyway: str = "") -> None:
    """Release the draft that was shown, not a later one."""
    released, heavy = False, _weight(console, actor, campaign)
    with acting.guarded():
        with console.db.begin() as tx:
            if campaigns.get(tx, actor, campaign.id).updated_at != campaign.updated_at:
                raise MailingError(CHANGED)
            releasing.release(
                tx,
                actor,
                campaign.id,
                terms=console.terms,
                anyway=anyway,
                beside=[*lint.unleavable(console.origin, campaign.topic), *heavy],
                now=console.now(),
            )
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
