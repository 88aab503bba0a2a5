"""What probes read, in words and units that people use."""

from math import floor

import streamlit as st

from console.i18n import N_, _, escape, number, percent
from probes.model import Reading

NAMES = {
    "rooms": N_("Rooms in use"),
    "participants": N_("People in rooms"),
    "largest room": N_("People in the largest room"),
    "members": N_("Members of rooms"),
    "online": N_("Users online"),
    "sessions": N_("Sessions"),
    "viewers": N_("Viewers counted, not by HLS"),
    "bridges": N_("Bridges that work"),
    "load": N_("Load"),
    "status": N_("HTTP status"),
    "size": N_("Size of the answer"),
    "certificate": N_("Certificate, days left"),
    "redirects": N_("Redirects followed"),
    "resolve": N_("Finding the name, s"),
    "connect": N_("Connecting, s"),
    "tls": N_("Securing, s"),
    "first byte": N_("First byte, s"),
    "handshake": N_("Shaking hands, s"),
    "application": N_("Connecting to the application, s"),
    "first picture": N_("First picture, s"),
    "round trip": N_("Round trip, s"),
    "challenge": N_("Being asked for the password, s"),
    "allocate": N_("Getting a relay, s"),
    "release": N_("Giving it back, s"),
    "answers": N_("Answers"),
    "kept for": N_("The answer may be kept, s"),
    "tls version": N_("Version of TLS"),
    "last heard": N_("Last heard before, s"),
    "value": N_("Value"),
    "series": N_("Series"),
    "join": N_("Joining, s"),
    "picture": N_("Until one's own picture, s"),
    "starttls": N_("Encryption offered"),
    "variants": N_("Variants of the stream"),
    "standing still": N_("Picture stands still, s"),
    "behind": N_("The picture is old by, s"),
    "interruptions": N_("Breaks of the encoding"),
    "part": N_("Length of a part, s"),
    "segment": N_("Loading a segment, s"),
    "bit rate": N_("Bit rate, kbit/s"),
}


def draw(readings: tuple[Reading, ...]) -> None:
    for reading in readings:
        if reading.name == "total":  # the answer's seconds once more
            continue
        st.metric(_name(reading), _value(reading), border=True)


def seconds(value: float) -> str:
    """As exact as it matters: < 0.001, 0.003, 2.51, 185."""
    if 0 < value < 0.001:
        return f"< {number(0.001, digits=3)}"
    return number(value, digits=3 if value < 1 else 2 if value < 10 else 0)


def up(share: float | None) -> str:
    """The share of time up; 100.0% only where nothing failed at all, blank where nobody looked."""
    return "" if share is None else percent(floor(share * 1000) / 1000, digits=1)


def _name(reading: Reading) -> str:
    known = NAMES.get(reading.name)
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
