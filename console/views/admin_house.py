"""Rules of the house, the ladder, and a school's own words to people."""

import streamlit as st

from console.desk import measure_letter_words
from console.desk.measure_words import KINDS
from console.i18n import NAMES, _, escape, speaking
from console.views import acting, house_rules
from console.widgets import actionbar
from console.wiring import Console
from mailing import fields
from mailing.model import MailingError
from moderation import house
from moderation.house import ENDING, TOLD, House, Rung
from moderation.model import PENALTIES
from store.access import Actor
from store.schools import School
from store.words import N_

DAYS = 7  # of a new step that ends by itself
MOST = 3660  # days


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        kept = house.of(tx, actor, school.id)
    left, right = st.columns(2, gap="medium")
    with left:
        rules = house_rules.draw(kept, school)
    with right:
        ladder, counts = _ladder(kept, school)
    tells = st.toggle(
        _("Tell authors whose comment is removed or reworded, and how to appeal"),
        kept.tells_authors,
        key=f"house-tells-{school.id}",
    )
    words = _words(kept, school)
    if st.button(
        _("Put these rules in place"), type="primary", icon=":material/save:", key="house-save"
    ):
        _save(console, actor, school, House(rules, ladder, counts, words, tells))


def _ladder(kept: House, school: School) -> tuple[tuple[Rung, ...], int]:
    st.subheader(_("The ladder"), anchor=False)
    st.caption(_("What is suggested the first time, the second time, and so on. A person decides."))
    steps = st.number_input(_("Steps"), 1, 9, len(kept.ladder), key=f"house-steps-{school.id}")
    rungs = []
    for number in range(int(steps)):
        known = kept.ladder[number] if number < len(kept.ladder) else kept.ladder[-1]
        rungs.append(_rung(number, known, school))
    counts = st.number_input(
        _("For how many days a measure counts"),
        1, MOST, kept.counts_days, key=f"house-counts-{school.id}",
    )  # fmt: skip
    return tuple(rungs), int(counts)


def _rung(number: int, known: Rung, school: School) -> Rung:
    kinds = list(PENALTIES)
    what, length = st.columns([3, 2])
    kind = what.selectbox(
        _("Step {n}").format(n=number + 1),
        kinds,
        index=kinds.index(known.kind),
        format_func=lambda each: _(KINDS[each]),
        key=f"house-kind-{number}-{school.id}",
    )
    if kind not in ENDING:
        return Rung(kind)
    days = length.number_input(
        _("For how many days"), 1, MOST, known.days or DAYS, key=f"house-days-{number}-{school.id}"
    )
    return Rung(kind, int(days))


def _words(kept: House, school: School) -> dict[str, dict[str, str]]:
    """The school's own letters; empty ones are ours."""
    words = {kind: dict(said) for kind, said in kept.words.items()}
    with st.expander(_("What people are told"), key=f"house-words-{school.id}"):
        names = ", ".join(f"{{{{ {name} }}}}" for name in measure_letter_words.FIELDS)
        st.caption(
            _("Left empty, Pult's own words go out. Fields: {names}").format(names=escape(names))
        )
        left, right = st.columns(2)
        kind = left.selectbox(
            _("Measure"), list(TOLD), format_func=lambda each: _(KINDS[each]), key="house-kind"
        )
        code = right.selectbox(
            _("Language"), list(NAMES), format_func=NAMES.__getitem__, key="house-language"
        )
        with speaking(code):
            ours = _(measure_letter_words.OURS[kind])
        said = st.text_area(
            _("Words"),
            words.get(kind, {}).get(code, ""),
            placeholder=ours,
            key=f"house-words-{kind}-{code}-{school.id}",
        )
    words.setdefault(kind, {})[code] = (said or "").strip()
    return {
        each: {code: told for code, told in written.items() if told}
        for each, written in words.items()
        if any(written.values())
    }


def _save(console: Console, actor: Actor, school: School, wanted: House) -> None:
    with acting.guarded():
        _check_fields(wanted)
        with console.db.begin() as tx:
            house.save(tx, actor, school.id, wanted, now=console.now())
        actionbar.say(f":green[●] {_('The rules of the house are in place.')}")
    st.rerun()


def _check_fields(wanted: House) -> None:
    for written in wanted.words.values():
        for said in written.values():
            for name in fields.names(fields.parse(said)):
                if name not in measure_letter_words.FIELDS:
                    raise MailingError(
                        N_("A letter knows the fields {known}, not {name}."),
                        known=", ".join(measure_letter_words.FIELDS),
                        name=name,
                    )
