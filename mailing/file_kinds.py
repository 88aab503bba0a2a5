"""Which files a letter may carry, told by what is in them, not only by their names.

What runs, or may carry what runs, is refused by most mailboxes and would come back.
"""

import io
import re
import unicodedata
import zipfile
from pathlib import PurePosixPath

from mailing.model import MailingError
from store.legibility import legible
from store.words import N_

LONGEST = 100  # characters of a name
INSIDE = 1000  # files of an archive that are looked at; more are refused
OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# By ending: the type, and with what such a file begins (a dot stands for any byte); None: text.
KINDS: dict[str, tuple[str, bytes | None]] = {
    "pdf": ("application/pdf", rb"%PDF-"),
    "png": ("image/png", rb"\x89PNG\r\n\x1a\n"),
    "jpg": ("image/jpeg", rb"\xff\xd8\xff"),
    "jpeg": ("image/jpeg", rb"\xff\xd8\xff"),
    "gif": ("image/gif", rb"GIF8[79]a"),
    "webp": ("image/webp", rb"RIFF....WEBP"),
    "mp3": ("audio/mpeg", rb"ID3|\xff[\xe2-\xff]"),
    "ogg": ("audio/ogg", rb"OggS"),
    "m4a": ("audio/mp4", rb"....ftyp"),
    "mp4": ("video/mp4", rb"....ftyp"),
    "rtf": ("application/rtf", rb"\{\\rtf"),
    "doc": ("application/msword", re.escape(OLE)),
    "xls": ("application/vnd.ms-excel", re.escape(OLE)),
    "ppt": ("application/vnd.ms-powerpoint", re.escape(OLE)),
    "docx": (f"{OFFICE}wordprocessingml.document", rb"PK\x03\x04"),
    "xlsx": (f"{OFFICE}spreadsheetml.sheet", rb"PK\x03\x04"),
    "pptx": (f"{OFFICE}presentationml.presentation", rb"PK\x03\x04"),
    "odt": (f"{OPEN}text", rb"PK\x03\x04"),
    "ods": (f"{OPEN}spreadsheet", rb"PK\x03\x04"),
    "odp": (f"{OPEN}presentation", rb"PK\x03\x04"),
    "epub": ("application/epub+zip", rb"PK\x03\x04"),
    "zip": ("application/zip", rb"PK(\x03\x04|\x05\x06)"),
    "txt": ("text/plain", None),
    "csv": ("text/csv", None),
    "ics": ("text/calendar", None),
}
ARCHIVES = ("zip",)  # whose files must be of these kinds themselves
MACROS = ("vbaproject.bin", "basic/", "scripts/")
RESERVED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')


def harmless(name: str) -> str:
    """The name without folders, and without what a system reads in its own way."""
    bare = legible(name).replace("\\", "/").rpartition("/")[2]
    bare = RESERVED.sub("_", unicodedata.normalize("NFC", bare))
    bare = " ".join(bare.replace("\ufffd", "").split()).strip(". ")
    stem, dot, ending = bare.rpartition(".")
    return f"{(stem or 'file')[: LONGEST - 10].strip()}{dot}{ending[:9]}" if dot else bare[:LONGEST]


def kind_of(name: str, file: bytes) -> str:
    """Its Content-Type. Raises MailingError for what no letter carries."""
    ending = _ending(name)
    if ending not in KINDS:
        raise MailingError(
            N_("“{name}” is of no kind that is sent. These are: {kinds}."),
            name=name,
            kinds=", ".join(KINDS),
        )
    kind, begins = KINDS[ending]
    whole = re.match(begins, file, re.DOTALL) is not None if begins else _is_text(file)
    if not whole:
        raise MailingError(
            N_("“{name}” is not what its name says: look whether it is the right file."), name=name
        )
    if file.startswith(b"PK"):
        _look_inside(name, ending, file)
    return f"{kind}; charset=utf-8" if begins is None and _is_utf8(file) else kind


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lstrip(".").lower()


def _is_text(file: bytes) -> bool:
    """Also in an older encoding: a table from a spreadsheet mostly is."""
    return b"\0" not in file and not file.startswith((b"MZ", b"\x7fELF", OLE, b"PK"))


def _is_utf8(file: bytes) -> bool:
    try:
        file.decode()
    except UnicodeDecodeError:
        return False
    return True


def _look_inside(name: str, ending: str, file: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            inside = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise MailingError(N_("“{name}” is broken: it cannot be opened."), name=name) from error
    if len(inside) > INSIDE or any(each.flag_bits & 1 for each in inside):
        words = N_("“{name}” has a password or too many files; nobody can look inside.")
        raise MailingError(words, name=name)
    for each in inside:
        path = each.filename.lower()
        runs = any(path.endswith(mark) or path.startswith(mark) for mark in MACROS)
        if ending in ARCHIVES:
            runs = not each.is_dir() and (_ending(path) not in KINDS or _ending(path) in ARCHIVES)
        if runs:
            raise MailingError(
                N_("“{name}” holds “{inside}”, which mailboxes refuse."),
                name=name,
                inside=each.filename[:60],
            )
