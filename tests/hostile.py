"""A stranger's text at its worst, in every place where the school keeps strangers' words."""

import json
from typing import Any

from store.db import Connection, text
from tests.conftest import NOON

ZALGO = "Z" + "".join(chr(0x300 + n) for n in range(60)) + "algo"
MARKUP = (
    "![x](http://evil.test/x.png) [l](javascript:alert(1)) <img src=x onerror=alert(1)> "
    "<script>alert(1)</script> **bold** :red[red] :smile: :material/home: $x^2$ `code` "
    "# www.evil.test me@evil.test"
)
CONTROLS = "\u202etxt.exe\u202c \u2066hidden\u2069 \x07\x1b[31m\x7f\x85\x9b\u2028"
EMOJI = "👩‍👩‍👧‍👦 🏳️‍🌈 1️⃣ 🇰🇿"
HOSTILE = f"=1+1 kolibri {CONTROLS} {ZALGO} {EMOJI} {MARKUP}"
LONG = HOSTILE + "x" * 1_000_000
STRANGERS = {  # table: its columns that hold what strangers wrote
    "person": ("name", "grp"),
    "platform_account": ("username", "name"),
    "comment": ("author_name", "place", "subject"),
    "comment_report": ("reason",),
    "course": ("name",),
    "room": ("name",),
    "lesson": ("title",),
    "trouble_report": ("name", "contact", "said"),
    "appeal_message": ("said",),
}


def write_everywhere(tx: Connection, now: float) -> None:
    """Put it into every row; lessons run now, so that the boards show them."""
    for table, columns in STRANGERS.items():
        for column in columns:
            tx.execute(text(f"UPDATE {table} SET {column} = :said"), {"said": HOSTILE})
    tx.execute(
        text("UPDATE comment SET text = :long, html = :long, attachments = :names"),
        {"long": LONG, "names": json.dumps([HOSTILE])},
    )
    tx.execute(text("UPDATE person SET fields = :said"), {"said": json.dumps({"note": HOSTILE})})
    tx.execute(
        text("UPDATE lesson SET starts_at = :start, ends_at = :end"),
        {"start": now - 600, "end": now + 1800},
    )
    tx.execute(
        text("""
            INSERT INTO comment_report (comment_id, school_id, reporter, reason, at)
            SELECT id, school_id, 'lena', :said, :now FROM comment
        """),
        {"said": HOSTILE, "now": NOON},
    )


def faults(said: str, *, markdown: bool) -> list[str]:
    """What in a shown string could act, hide or run away with the page."""
    found = [f"letter {ord(one):#x}" for one in said if _bad(one)]
    if "".join(chr(0x300 + n) for n in range(5)) in said:
        found.append("marks piled up")
    if markdown and "kolibri" in said:
        plain = said.replace("\\\\", "")
        found += [f"markup {one}" for one in RAW if one in plain]
    return found


RAW = ("![", "](", " <img", " <script", " **bold", " :red[", " :smile:", " $x", " `code", " www.")


def _bad(letter: str) -> bool:
    code = ord(letter)
    control = (code < 32 and letter not in "\n\t") or 0x7F <= code < 0xA0
    return control or letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028"


def strings(message: Any, path: str = "") -> list[tuple[str, str]]:
    """Every string in a protobuf message, by the path of its field."""
    found: list[tuple[str, str]] = []
    for field, value in message.ListFields():
        here = f"{path}.{field.name}"
        for one in value if hasattr(value, "append") or hasattr(value, "add") else [value]:
            if isinstance(one, str):
                found.append((here, one))
            elif hasattr(one, "ListFields"):
                found += strings(one, here)
    return found
