"""The checks of a day as a strip of blocks: trouble is the stronger, the longer it lasted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from console.i18n import N_, _, clock, number
from console.widgets.charts import TALL, minutes
from console.widgets.status import LOOKS, Look, paint
from probes.shares import Share

HALF = 0.5  # of the checks: from here on a block is red
FAINTEST = 0.35  # opacity of a block in which next to nothing was wrong
PARTLY = Look("◆", N_("Not well for a part of it"), "orange")
MOSTLY = Look("▲", N_("Not well for most of it"), "red")
OK, PLANNED, UNKNOWN = LOOKS["ok"], LOOKS["maintenance"], LOOKS["unknown"]
LEGEND = (OK, PARTLY, MOSTLY, PLANNED, UNKNOWN)


@dataclass(frozen=True)
class Block:
    """How one part of the day is painted: `height` in pixels, `strength` from 0 to 1."""

    look: Look
    height: float
    strength: float = 1.0


def draw(
    parts: Sequence[datetime], shares: Mapping[int, Share], *, zone: ZoneInfo, dark: bool
) -> None:
    """The day, with what its colours mean; `parts` are the beginnings of its blocks."""
    blocks = [block(shares.get(nth)) for nth in range(len(parts))]
    st.echarts_chart(
        {
            "animation": False,
            "grid": {"left": 8, "right": 8, "top": 4, "bottom": 24},
            "tooltip": {"trigger": "item", "formatter": "{b}"},
            "xAxis": minutes([clock(at, zone) for at in parts], shown=8),
            "yAxis": {"type": "value", "show": False, "min": 0, "max": max(TALL.values())},
            "series": [
                {
                    "type": "bar",
                    "barCategoryGap": "10%",
                    "data": [
                        _bar(block, f"{clock(at, zone)} · {words(shares.get(nth))}", dark=dark)
                        for nth, (at, block) in enumerate(zip(parts, blocks, strict=True))
                    ],
                }
            ],
        },
        height=90,
        alt=_("Checks of the last 24 hours"),
    )
    seen = {block.look for block in blocks}
    st.caption(
        " · ".join(
            f":{look.colour}[{look.shape}] {_(look.word)}" for look in LEGEND if look in seen
        )
    )


def block(share: Share | None) -> Block:
    """What one part of the time looks like: trouble goes before all else."""
    if share is None:
        return Block(UNKNOWN, TALL["unknown"])
    if share.bad:
        wrong = share.bad / (share.well + share.bad)
        height = TALL["ok"] + 2 + (TALL["down"] - TALL["ok"] - 2) * wrong
        if wrong > HALF:
            return Block(MOSTLY, height)
        return Block(PARTLY, height, FAINTEST + (1 - FAINTEST) * wrong / HALF)
    if share.planned > share.well:
        return Block(PLANNED, TALL["maintenance"])
    return Block(OK, TALL["ok"])


def words(share: Share | None) -> str:
    """What the part says when it is pointed at."""
    if share is None or not share.bad:
        return _(block(share).look.word)
    return _("Checks not well: {n} of {m}").format(
        n=number(share.bad), m=number(share.well + share.bad)
    )


def _bar(block: Block, told: str, *, dark: bool) -> dict[str, Any]:
    colour = paint(block.look.colour, dark=dark)
    return {
        "value": round(block.height, 1),
        "itemStyle": {"color": colour, "opacity": round(block.strength, 2)},
        "tooltip": {"formatter": told},
    }
