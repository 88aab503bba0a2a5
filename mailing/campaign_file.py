"""The TOML of a send file, read and checked before anything begins."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any

from mailing import attachments, campaigns, file_kinds, people_file
from mailing.attachments import Room
from mailing.model import MailingError
from mailing.segments import Segment
from store.words import N_

KEYS = (
    "subject", "body", "from", "recipients", "segment", "files", "relay", "topic", "uncertain",
    "id", "anyway", "replies",
)  # fmt: skip
UNCERTAIN = ("hold", "resend")


@dataclass(frozen=True)
class SendFile:
    """The file, checked."""

    id: str
    subject: dict[str, str]
    body: dict[str, str]
    sender: str
    topic: str
    uncertain: str
    relay: str | None
    segment: Segment
    people: bytes | None  # the CSV as it stands, or None for a segment
    people_name: str
    files: Mapping[str, bytes]  # what goes along, by name
    anyway: str = ""  # why it goes out whatever stops it
    replies: str = ""  # where answers go, if not where the school's do

    @property
    def digest(self) -> str:
        """Of all that must not change once the sending has begun."""
        content = [self.subject, self.body, self.sender, self.topic, self.segment.to_json()]
        content += [self.replies] if self.replies else []  # digests of before it came stay good
        whole = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
        digest = hashlib.sha256(whole + b"\0" + (self.people or b""))
        for name, file in self.files.items():
            digest.update(f"\0{name}\0{hashlib.sha256(file).hexdigest()}".encode())
        return digest.hexdigest()


def read(path: Path, *, language: str, room: Room) -> SendFile:
    """Read and check the file; texts without a language are in `language`.

    Its own paths are told from where it stands. Raises MailingError with what to mend.
    """
    try:
        values = tomllib.loads(people_file.read(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MailingError(
            N_("The file {file} is not TOML: {reason}"), file=path.name, reason=str(error)
        ) from error
    for key in values:
        if key not in KEYS:
            raise MailingError(
                N_("There is no “{key}” in a send file. It may hold: {keys}."),
                key=key,
                keys=", ".join(KEYS),
            )
    if ("recipients" in values) == ("segment" in values):
        raise MailingError(N_("Say who gets it: either “recipients” or “segment”."))
    people = _text(values, "recipients") if "recipients" in values else None
    uncertain = _text(values, "uncertain", "hold")
    if uncertain not in UNCERTAIN:
        raise MailingError(N_("“uncertain” is one of: {allowed}."), allowed=", ".join(UNCERTAIN))
    return SendFile(
        id=_text(values, "id", str(path.resolve())),
        subject=_texts(values, "subject", language),
        body=_texts(values, "body", language),
        sender=_text(values, "from"),
        topic=_text(values, "topic", campaigns.DEFAULT_TOPIC),
        uncertain=uncertain,
        relay=_text(values, "relay") if "relay" in values else None,
        segment=_segment(values.get("segment", {})),
        people=people_file.read(path.parent / people) if people is not None else None,
        people_name=people or "",
        files=_files(values.get("files", []), path.parent, room),
        anyway=_text(values, "anyway") if "anyway" in values else "",
        replies=_text(values, "replies") if "replies" in values else "",
    )


def _files(values: Any, folder: Path, room: Room) -> dict[str, bytes]:
    """Read within bounds, so that no path is read that would not fit."""
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise MailingError(N_("“files” in a send file is a list of paths."))
    found: dict[str, bytes] = {}
    for written in values:
        path, name = folder / written, file_kinds.harmless(written)
        if name in found:
            raise MailingError(N_("Two of the files are named “{name}”. Rename one."), name=name)
        if not path.is_file():  # nor a pipe, which would never end
            raise MailingError(N_("There is no file {file}."), file=written)
        others = sum(map(len, found.values()))
        attachments.require_room(name, path.stat().st_size, others, room)
        found[name] = people_file.read(path)
        file_kinds.kind_of(name, found[name])
    return found


def _text(values: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = values.get(key, default)
    if not isinstance(value, str) or not value.strip():
        raise MailingError(N_("The send file needs “{key}”, a text."), key=key)
    return value


def _texts(values: Mapping[str, Any], key: str, language: str) -> dict[str, str]:
    value = values.get(key)
    if isinstance(value, dict):
        return {each: _text(value, each) for each in value}
    return {language: _text(values, key)}


def _segment(values: Any) -> Segment:
    kinds = {each.name: each.default for each in fields_of(Segment)}
    if not isinstance(values, dict) or not set(values) <= set(kinds):
        raise MailingError(N_("A segment may hold: {keys}."), keys=", ".join(kinds))
    for key, value in values.items():
        listed = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if not (listed if isinstance(kinds[key], tuple) else isinstance(value, type(kinds[key]))):
            raise MailingError(N_("“{key}” in the segment is of the wrong kind."), key=key)
    return Segment.from_json(json.dumps(values))
