"""What probes read, in words and units that people use."""

from collections.abc import Sequence
from math import floor

import streamlit as st

from console.i18n import _, escape, number, percent
from probes.model import Reading
from probes.probers import called


def draw(readings: Sequence[Reading]) -> None:
    for reading in readings:
        if reading.name == "total":  # the answer's seconds once more
            continue
        st.metric(name(reading), _value(reading), border=True)


def seconds(value: float) -> str:
    """As exact as it matters: < 0.001, 0.003, 2.51, 185."""
    if 0 < value < 0.001:
        return f"< {number(0.001, digits=3)}"
    return number(value, digits=3 if value < 1 else 2 if value < 10 else 0)


def up(share: float | None) -> str:
    """The share of time up; 100.0% only where nothing failed at all, blank where nobody looked."""
    return "" if share is None else percent(floor(share * 1000) / 1000, digits=1)


def name(reading: Reading) -> str:
    known = called(reading.name)
    if known:
        return _(known)
    return escape(f"{reading.name}, {reading.unit}" if reading.unit else reading.name)


def _value(reading: Reading) -> str:
    if reading.name == "starttls":
        return _("yes") if reading.value else _("no")
    if reading.name == "bit rate":
        return number(reading.value / 1000)
    if reading.unit == "B":
        return _("{n} kB").format(n=number(reading.value / 1000, digits=1))
    if reading.unit == "ratio":
        return percent(reading.value)
    if reading.unit == "s":
        return seconds(reading.value)
    return number(reading.value, digits=1 if reading.name == "tls version" else 0)
