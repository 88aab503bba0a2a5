"""What rules would have found in comments already written, one after another.

The same as moderation.signals finds as they come, from rows that are read once: a query
for each comment would take minutes for a month.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from itertools import islice

from rapidfuzz import fuzz, process

from moderation import signals
from moderation.entries import Rule
from moderation.filters import Pattern, Rules, WordList, screen, screen_subject
from moderation.model import Flag
from moderation.watching import Pace, Watch

LOOKED_AT = 5 * signals.COMPARED  # comments before one, among which those to compare are sought
SEEN = 10_000  # different texts whose finds are remembered


@dataclass(frozen=True)
class Written:
    """A comment as it is tried; times are seconds, `first` that of its author's first one."""

    author: tuple[str, str]  # connection, external id
    subject: str
    answered: str  # the subject of the post that it answers, or ''
    text: str
    length: int  # of the whole text
    at: float
    first: float


Found = dict[str, list[str]]  # by the rule's key: the words, the host or the count


def over(rules: Mapping[str, Rule], written: Sequence[Written]) -> list[Found]:
    """What each rule finds in each comment; `written` is in the order of time.

    Whether a rule is switched on, and whether it hides, makes no difference.
    """
    found = _words(rules, written)
    links = [[link.term for link in signals.links(one.text)] for one in written]
    for key, rule in rules.items():
        if isinstance(rule, Watch):
            for place, term in _beside(rule, written, links):
                found[place].setdefault(key, []).append(term)
    return found


def _words(rules: Mapping[str, Rule], written: Sequence[Written]) -> list[Found]:
    lists = [
        replace(rule, name=key, on=True, hide=False)
        for key, rule in rules.items()
        if isinstance(rule, WordList)
    ]
    patterns = [
        replace(rule, name=key, on=True, hide=False)
        for key, rule in rules.items()
        if isinstance(rule, Pattern)
    ]
    keyed = Rules(tuple(lists), tuple(patterns))
    texts = lru_cache(SEEN)(lambda said: screen(keyed, said))  # a flood is the same many times
    subjects = lru_cache(SEEN)(lambda said, before: screen_subject(keyed, said, before))
    found = []
    for one in written:
        flags = texts(one.text) + subjects(one.subject, (one.answered,) if one.answered else ())
        found.append(_terms(flags))
    return found


def _terms(flags: Iterable[Flag]) -> Found:
    found: Found = {}
    for flag in flags:
        terms = found.setdefault(flag.rule, [])
        if flag.term not in terms:
            terms.append(flag.term)
    return found


def _beside(
    watch: Watch, written: Sequence[Written], links: Sequence[Sequence[str]]
) -> Iterator[tuple[int, str]]:
    """The places of what stands out beside its words, and by what."""
    if watch.flood:
        yield from _floods(watch.flood, written)
    if watch.repeats:
        yield from _repeats(watch.repeats, written)
    for place, one in enumerate(written):
        for host in links[place]:
            if watch.links is not None and not signals.allowed(host, watch.links):
                yield place, host
        new = watch.newcomers and one.at - one.first < watch.newcomers.total_seconds()
        if links[place] and new:
            yield place, links[place][0]


def _floods(pace: Pace, written: Sequence[Written]) -> Iterator[tuple[int, str]]:
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in written:
        times[one.author].append(one.at)
    for place, one in enumerate(written):
        count = _within(times[one.author], one.at, pace.within)
        if count >= pace.count:
            yield place, str(count)


def _within(times: Sequence[float], at: float, within: timedelta) -> int:
    return bisect_right(times, at) - bisect_right(times, at - within.total_seconds())


def _repeats(pace: Pace, written: Sequence[Written]) -> Iterator[tuple[int, str]]:
    plain = [signals.plain(one.text) for one in written]
    times = [one.at for one in written]
    for place, one in enumerate(written):
        if len(plain[place]) < signals.SHORTEST:
            continue
        first = bisect_right(times, one.at - pace.within.total_seconds())
        first = max(first, place - LOOKED_AT)
        longest = signals.longest_alike(one.length)
        near = (
            plain[other]
            for other in range(place - 1, first - 1, -1)
            if written[other].length < longest
        )
        alike = 1 + len(
            process.extract(
                plain[place],
                list(islice(near, signals.COMPARED)),
                scorer=fuzz.ratio,
                score_cutoff=signals.ALIKE,
                limit=None,
            )
        )
        if alike >= pace.count:
            yield place, str(alike)
