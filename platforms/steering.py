"""What a platform's rooms can be asked to do: let in, end, make, tell everybody in them."""

from typing import Protocol, runtime_checkable

from platforms.base import Room


@runtime_checkable
class RoomDoor(Protocol):
    def join_link(self, external_id: str, name: str, *, as_moderator: bool) -> str:
        """A link that lets one person in under this name: whoever holds it is that person."""
        ...


@runtime_checkable
class RoomEnder(Protocol):
    """`exists` is the read-back: the room is open, with people in it or not."""

    def end(self, external_id: str) -> None: ...
    def exists(self, external_id: str) -> bool: ...


@runtime_checkable
class RoomMaker(Protocol):
    def create(self, external_id: str, name: str, *, seats: int | None) -> Room: ...
    def exists(self, external_id: str) -> bool: ...


@runtime_checkable
class RoomWriter(Protocol):
    def message(self, external_id: str, text: str) -> str:
        """For everybody in the room; it cannot be taken back. Its id, if the platform tells one."""
        ...


@runtime_checkable
class RoomReader(Protocol):
    """The read-back of a message: what everybody in the room sees under its id."""

    def said(self, external_id: str, message_id: str, text: str) -> bool: ...
