"""The review queue: does this stay? One case at a time, held by one moderator at a time."""

from collections.abc import Callable

import streamlit as st

from console.i18n import _, clock, ngettext, span
from console.views import acting, blocking, review_case
from console.views.reasons import REASONS
from console.widgets import actionbar, confirm, live
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import history, review
from moderation.model import Case, Verdict
from store.access import Actor
from store.schools import School

HELD = "review-held"  # session state: the id of the case on the screen
READ = "review-read"  # session state: digest of the wording that was shown
SKIPPED = "review-skipped"  # session state: ids passed over, the newest last
ASKING = "review-asking"  # session state: the id of the case whose removal asks a reason


def page(console: Console, actor: Actor, school: School) -> None:
    case, waiting = _held(console, actor, school)
    live.part(lambda: _head(console, actor, school, case))
    if case is None:
        _empty(console, actor, school)
        actionbar.told()
        return
    review_case.draw(console, actor, school, case, waiting)
    if st.session_state.get(ASKING) == case.id:
        actionbar.bar(_reasons(console, actor, school, case), lead=_who_is_told)
    else:
        actionbar.bar(_acts(console, actor, school, case))
    st.session_state[READ] = case.comment.sha256


def _held(console: Console, actor: Actor, school: School) -> tuple[Case | None, list[Case]]:
    """The case on the screen, claimed for this moderator, and all that waits."""
    now, held = console.now(), st.session_state.get(HELD)
    skipped: list[str] = st.session_state.setdefault(SKIPPED, [])
    with console.db.begin() as tx:
        waiting = review.waiting(tx, actor, school.id, now=now)
        case = None
        if held in {each.id for each in waiting} and review.claim(tx, actor, held, now=now):
            case = review.case(tx, actor, held, now=now)
        if case is None:
            case = review.next_case(tx, actor, school.id, now=now, after=skipped)
        if case is None and skipped:  # all was passed over once: begin again
            skipped.clear()
            case = review.next_case(tx, actor, school.id, now=now)
    if case is None or case.id != held:
        st.session_state.pop(ASKING, None)
        st.session_state.pop(READ, None)
    st.session_state[HELD] = case.id if case else None
    return case, waiting


def _head(console: Console, actor: Actor, school: School, case: Case | None) -> None:
    acting.follow(console, actor, school)
    now = console.now()
    with console.db.read() as tx:
        count, oldest = review.count(tx, actor, school.id)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.title(_("Review queue"), anchor=False, width="content")
        words = ngettext("{n} waiting", "{n} waiting", count).format(n=count)
        if oldest:
            words += ", " + _("oldest {time}").format(time=span(now - oldest))
        if case and case.claimed_until:
            until = clock(case.claimed_until, school.zone)
            yours = _("Yours until {time}.") if case.claimed_until > now else _("Free since {time}")
            words += ". " + yours.format(time=until)
        st.caption(words, width="content")
    if case is None and count and not confirm.is_open():
        st.rerun(scope="app")


def _empty(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        last = history.last_decision(tx, actor, school.id)
    words = _("Nothing waits.")
    if last:
        words += " " + _("Last decision {time}.").format(time=clock(last, school.zone))
    st.info(words, icon=":material/done_all:")


def _acts(console: Console, actor: Actor, school: School, case: Case) -> list[Act]:
    """Their names carry the case, so that the second of two clicks never meets the next one."""

    def decide(verdict: Verdict) -> Callable[[], None]:
        return lambda: _decide(console, actor, school, case, verdict)

    acts = [
        Act(f"approve-{case.id}", _("Approve"), decide("approve"), "A", ":material/check:"),
        Act(
            f"remove-{case.id}",
            _("Remove"),
            lambda: _ask_reason(case),
            "X",
            ":material/delete:",
            "primary",
        ),
        Act(
            f"block-{case.id}",
            _("Block author"),
            lambda: _block(console, actor, school, case),
            "B",
            ":material/block:",
            asks=True,
        ),
        Act(
            f"hand-{case.id}",
            _("Hand on"),
            decide("hand on"),
            "E",
            ":material/arrow_upward:",
            "tertiary",
        ),
        Act(
            f"skip-{case.id}",
            _("Skip"),
            lambda: _skip(console, actor, case),
            "J",
            ":material/skip_next:",
            "tertiary",
        ),
    ]
    if st.session_state.get(SKIPPED):
        acts.append(
            Act(f"back-{case.id}", _("Back"), _back, "K", ":material/skip_previous:", "tertiary")
        )
    return acts


def _reasons(console: Console, actor: Actor, school: School, case: Case) -> list[Act]:
    def remove(reason: str) -> Callable[[], None]:
        return lambda: _decide(console, actor, school, case, "remove", reason)

    chosen = [
        Act(f"reason-{place}-{case.id}", _(reason), remove(reason), str(place))
        for place, reason in enumerate(REASONS, start=1)
    ]
    keep = Act(f"keep-{case.id}", _("Cancel"), _no_reason, "Esc", kind="tertiary")
    return [*chosen, keep]


def _who_is_told() -> None:
    st.markdown(
        f"**{_('Why?')}** " + _("A notice takes its place; the author gets no message."),
        width="content",
    )


def _ask_reason(case: Case) -> None:
    st.session_state[ASKING] = case.id
    st.rerun()


def _no_reason() -> None:
    st.session_state.pop(ASKING, None)
    st.rerun()


def _decide(
    console: Console,
    actor: Actor,
    school: School,
    case: Case,
    verdict: Verdict,
    reason: str = "",
) -> None:
    """Decide the wording that was read; then, outside the transaction, act on the platform."""
    if st.session_state.get(READ) != case.comment.sha256:
        actionbar.say(_("The author has changed the text. Read it again."))
        st.rerun()
    with acting.guarded():
        with console.db.begin() as tx:
            made = review.decide(
                tx,
                actor,
                case.id,
                verdict,
                reason=reason,
                version=case.version,
                now=console.now(),
            )
        if made.action_id:
            acting.carry_out(console, actor, school, [made.action_id])
        elif verdict == "approve":
            actionbar.say(f":green[●] {_('Approved')}")
        else:
            actionbar.say(f":violet[■] {_('Handed on to a coordinator')}")
    st.session_state.pop(ASKING, None)
    st.rerun()


def _block(console: Console, actor: Actor, school: School, case: Case) -> None:
    with console.db.read() as tx:
        author = review.author(tx, actor, case.id)
        about = blocking.about(tx, actor, school, case.comment)
    blocking.ask(console, actor, school, author.name, about, case_id=case.id)


def _skip(console: Console, actor: Actor, case: Case) -> None:
    with console.db.begin() as tx:
        review.release(tx, actor, case.id)
    st.session_state[SKIPPED].append(case.id)
    st.session_state[HELD] = None
    st.rerun()


def _back() -> None:
    st.session_state[HELD] = st.session_state[SKIPPED].pop()
    st.rerun()
