"""One language of a letter as bytes with gaps: only what differs is encoded for each person."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from mailing import fields, places, quoted
from mailing.fields import Field
from mailing.places import Place
from mailing.templates import UNSUBSCRIBE, Template

Piece = str | Field | Place
SHARED = 4_000  # pieces that letters share, encoded once

_static = lru_cache(SHARED)(quoted.encode)  # of authors' words alone: a reader's are seen once


class Multipart:
    """Both parts of the multipart body, from the first boundary to before the last.

    `=_` cannot stand in quoted-printable, so a boundary that begins with it
    occurs in no body, and one serves for all.
    """

    def __init__(self, template: Template, boundary: str) -> None:
        self._frame = [b""]  # what opens it
        self._gaps: dict[Field | Place, list[int]] = {}
        self._names = [name for name in template.names if name != UNSUBSCRIBE]
        self._part("plain", template.text, boundary)
        self._part("html", template.html, boundary)

    def filled(
        self, values: Mapping[str, str], *, unsubscribe: str, opening: bytes, closing: bytes
    ) -> bytes:
        """The body for one person between what opens and what closes it, put together once.

        A field without a value becomes nothing.
        """
        known = {name: fields.clean(values.get(name, "")) for name in self._names}
        known[UNSUBSCRIBE] = unsubscribe
        pieces = self._frame.copy()
        pieces[0] = opening
        done: dict[str, bytes] = {}  # a value stands in both parts, mostly the same
        for gap, spots in self._gaps.items():
            said = known[gap.name] if isinstance(gap, Field) else places.shown(gap, known)
            encoded = done.get(said)
            if encoded is None:
                encoded = done[said] = quoted.encode(said)
            for at in spots:
                pieces[at] = encoded
        pieces.append(closing)
        return b"".join(pieces)

    def _part(self, kind: str, written: Sequence[Piece], boundary: str) -> None:
        head = (
            f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        )
        self._frame.append(head.encode())
        broken = True  # a new line has begun
        for piece in written:
            if isinstance(piece, str):
                static = _static(piece)
                self._frame.append(
                    static if broken or static[:2] == b"\r\n" else quoted.SOFT + static
                )
                broken = static.endswith(b"\r\n")
            else:
                self._frame += [b"" if broken else quoted.SOFT, b""]
                self._gaps.setdefault(piece, []).append(len(self._frame) - 1)
                broken = False
        self._frame.append(b"\r\n")
