"""The rules of the house as they are edited: worded, moved, taken out, added.

A rule keeps its name through all of it, so that what was decided by it stays decided by it.
"""

from collections.abc import Mapping

import streamlit as st

from console.desk.measure_words import spoken
from console.i18n import NAMES, _, language, speaking
from moderation import house
from moderation.house import LONGEST, MOST_RULES, House, HouseRule
from store.schools import LANGUAGES, School


def draw(kept: House, school: School) -> tuple[HouseRule, ...]:
    """The rules as they stand on the screen; those without a text are left out."""
    st.subheader(_("Rules of the house"), anchor=False)
    st.caption(_("A language left empty shows the first one's text."))
    known = {rule.name: rule for rule in kept.rules}
    key = "-".join(["house-order", school.id, *known])
    order: list[str] = st.session_state.setdefault(key, list(known))
    codes = sorted(LANGUAGES, key=lambda code: code != language())
    written: dict[str, dict[str, str]] = {name: {} for name in order}
    for tab, code in zip(st.tabs([NAMES[code] for code in codes]), codes, strict=True):
        with tab:
            for place, name in enumerate(order):
                rule = known.get(name, HouseRule(name, {code: ""}))
                written[name][code] = _row(rule, code, place, order, first=code == codes[0])
    if len(order) < MOST_RULES:
        st.button(
            _("Add a rule"), icon=":material/add:", key="house-add", on_click=_add, args=(order,)
        )
    return tuple(
        HouseRule(name, {code: said for code, said in written[name].items() if said})
        for name in order
        if any(written[name].values())
    )


def _row(rule: HouseRule, code: str, place: int, order: list[str], *, first: bool) -> str:
    """One rule in one language; it is moved and taken out where it stands first."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xxsmall"):
        said = st.text_input(
            _("Rule {n}").format(n=place + 1),
            _shown(rule, code),
            max_chars=LONGEST,
            label_visibility="collapsed",
            key=f"house-rule-{rule.name}-{code}",
        )
        if first:
            st.button(
                "",
                icon=":material/arrow_upward:",
                help=_("Move it up"),
                type="tertiary",
                disabled=place == 0,
                key=f"house-up-{rule.name}",
                on_click=_up,
                args=(order, place),
            )
            st.button(
                "",
                icon=":material/close:",
                help=_("Take it out; what was decided by it stays as it is."),
                type="tertiary",
                key=f"house-out-{rule.name}",
                on_click=order.remove,
                args=(rule.name,),
            )
    return (said or "").strip()


def _shown(rule: HouseRule, code: str) -> str:
    """What stands there in that language; our own words where the school has none."""
    if rule.said:
        return _said(rule.said, code)
    with speaking(code):
        return spoken(rule)


def _said(said: Mapping[str, str], code: str) -> str:
    return said.get(code, "")


def _add(order: list[str]) -> None:
    order.append(house.own_rule({}).name)


def _up(order: list[str], place: int) -> None:
    order[place - 1], order[place] = order[place], order[place - 1]
