"""Who may do what, in which school: the one check behind every way in."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from store.words import N_, Refusal

Role = Literal["viewer", "moderator", "technician", "coordinator", "admin"]
Permission = Literal[
    "see",  # boards, services, incidents
    "see people",  # names, addresses, comments
    "moderate",  # claim, decide, suspend, lift
    "steer",  # act on rooms; targets, silences, probe now
    "incident",  # take, note, close
    "write",  # draft announcements, preview, send a test to oneself
    "send",  # release mail to people
    "administer",  # connections, accounts, schools, settings, the audit trail
]

ROLES: tuple[Role, ...] = get_args(Role)
GRANTS: dict[Role, frozenset[Permission]] = {
    "viewer": frozenset({"see"}),
    "moderator": frozenset({"see", "see people", "moderate", "incident"}),
    "technician": frozenset({"see", "steer", "incident"}),
    "coordinator": frozenset(
        {"see", "see people", "moderate", "steer", "incident", "write", "send"}
    ),
    "admin": frozenset(get_args(Permission)),
}


class Denied(Refusal):
    """Your role does not allow this. Ask an administrator of the school."""

    def __init__(self) -> None:
        super().__init__(N_("Your role does not allow this. Ask an administrator of the school."))


@dataclass(frozen=True)
class Actor:
    """Someone who acts: an account with its role and the schools in its scope."""

    account_id: str
    name: str
    role: Role | None
    schools: frozenset[str] = field(default_factory=frozenset)


def system(*schools: str) -> Actor:
    """Pult itself, for the worker and the prober, in the schools that it works for."""
    return Actor("system", "Pult", "admin", frozenset(schools))


def may(actor: Actor, permission: Permission, school_id: str) -> bool:
    if actor.role is None or school_id not in actor.schools:
        return False
    return permission in GRANTS[actor.role]


def require(actor: Actor, permission: Permission, school_id: str) -> None:
    """Raise Denied unless the actor has the permission in that school.

    A school that does not exist is denied alike, so that nobody learns which do.
    """
    if not may(actor, permission, school_id):
        raise Denied
