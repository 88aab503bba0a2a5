"""Whether Pult's own line to the world is cut, or the services are.

Known from its witnesses: when nearly all of them fail at once it is the line;
when one has answered since, the line works, and what fails is to blame.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from probes.judge import Standing
from probes.model import Result, State, Target
from probes.probers import iri
from store.words import N_

FEWEST = 3  # hosts below which nothing is concluded, unless there are sentinels
NEARLY_ALL = 0.9  # of the hosts: one in ten may stand in the same house
AT_ONCE = timedelta(minutes=2)  # within which they began to fail; what failed before is no witness
HOLD = timedelta(seconds=15)  # the witnesses that have not spoken by then are not waited for
ASKED = 20  # witnesses that are probed at once when something fails

CUT = N_("Pult itself seems to be offline: nothing outside answers. It knows nothing of this.")


@dataclass(frozen=True)
class Witnesses:
    """Who can tell whether the line works: targets by host; and all targets that need the line.

    `others`: the hosts beside sentinels; one that answers shows that these are to blame.
    """

    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outside: frozenset[str] = frozenset()
    sworn: bool = False  # sentinels: somebody said that they are to be believed
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def asked(self) -> list[str]:
        """One target each of the first hosts."""
        return [ids[0] for ids in (*self.hosts.values(), *self.others.values())][:ASKED]


@dataclass(frozen=True)
class Line:
    """`cut_since`: when its first witness began to fail; None while the line works."""

    cut_since: datetime | None = None
    hosts: int = 0  # that fail


@dataclass(frozen=True)
class Said:
    """What one host shows: since when it fails, or when it answered last."""

    fails_since: datetime | None = None
    answered: datetime | None = None


def witnesses(targets: Collection[Target], urls: Mapping[str, str]) -> Witnesses:
    """Sentinels where there are any, else what is outside, by host; `urls` by connection."""
    hosts = {target.id: host(target, urls) for target in targets}
    sentinels = [each.id for each in targets if each.module.get("sentinel") is True]
    outside = [each for each, name in hosts.items() if name and not _is_here(name)]
    far = [each for each in outside if not _is_near(hosts[each])]
    if sentinels:
        others = _by_host((each for each in far if each not in sentinels), hosts)
        covered = frozenset((*far, *sentinels))
        return Witnesses({each: (each,) for each in sentinels}, covered, True, others)
    for found in (far, outside):
        grouped = _by_host(found, hosts)
        if len(grouped) >= FEWEST:
            return Witnesses(grouped, frozenset(found))
    return Witnesses({}, frozenset(far))


def look(
    before: Line,
    seen: Witnesses,
    results: Mapping[str, Result],
    standings: Mapping[str, Standing],
    *,
    now: datetime,
) -> Line:
    """The line as its witnesses show it now; without witnesses it is taken to work."""
    said = [_said(ids, results, standings) for ids in seen.hosts.values()]
    failing = [each.fails_since for each in said if each.fails_since is not None]
    if before.cut_since is None and not seen.sworn:
        latest = max(failing, default=now)
        failing = [began for began in failing if latest - began <= AT_ONCE]
    if not failing:
        return Line()
    began = before.cut_since or min(failing)
    others = [each.answered for each in said if each.answered is not None]
    if now - began >= HOLD:
        others = [answered for answered in others if answered >= began]
    few = len(failing) < min(FEWEST, len(seen.hosts))
    if few or len(failing) < NEARLY_ALL * (len(failing) + len(others)):
        return Line()
    if _works_for_others(seen, results, standings, began, now=now):
        return Line()
    return Line(began, len(failing))


def _works_for_others(
    seen: Witnesses,
    results: Mapping[str, Result],
    standings: Mapping[str, Standing],
    began: datetime,
    *,
    now: datetime,
) -> bool:
    """Whether more hosts answer, since the sentinels began to fail, than may stand in the house.

    For a while one that has not been asked since is waited for.
    """
    said = [_said(ids, results, standings) for ids in seen.others.values()]
    failing = sum(each.fails_since is not None for each in said)
    since = began if now - began >= HOLD else began - AT_ONCE
    answered = sum(each.answered is not None and each.answered >= since for each in said)
    return answered > 0 and failing < NEARLY_ALL * (failing + answered)


def proven(
    seen: Witnesses,
    results: Mapping[str, Result],
    standings: Mapping[str, Standing],
    *,
    since: datetime,
) -> bool:
    """Whether a witness answered since then, so that the line is not to blame."""
    return any(
        (said := _said(ids, results, standings)).answered is not None and said.answered >= since
        for ids in seen.hosts.values()
    )


def host(target: Target, urls: Mapping[str, str]) -> str:
    """The host that the target stands on, as it is compared; '' when it names none."""
    try:
        return iri.place(target.address or urls.get(target.connection_id or "", ""))[0]
    except ValueError:
        return ""


def _said(
    ids: Iterable[str], results: Mapping[str, Result], standings: Mapping[str, Standing]
) -> Said:
    """A host fails when all that is known of it is confirmed to; one answer is an answer."""
    began = None
    for each in ids:
        standing, result = standings.get(each), results.get(each)
        if standing is None or result is None:
            continue
        if standing.failures == 0 and standing.state is not State.UNKNOWN:
            return Said(answered=result.at)
        if standing.failures and standing.state is State.DOWN:
            since = standing.since or result.at
            began = since if began is None else min(began, since)
    return Said(fails_since=began)


def _is_here(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def _is_near(name: str) -> bool:
    """Whether it stands in the house's own network, which works without the line."""
    address = _address(name)
    return address.is_private if address else "." not in name


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _by_host(ids: Iterable[str], hosts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for each in ids:
        found[hosts[each]].append(each)
    return {name: tuple(stand) for name, stand in found.items()}
