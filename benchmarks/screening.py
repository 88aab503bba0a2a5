"""How fast and how well texts are screened: `python -m benchmarks.screening`.

10,000 watched words of three languages, and comments put together from each language's
frequency list, every one different. Speed is one core's, beside the bare automaton
(ahocorasick_rs) on the same texts in the same run. Quality: the share of disguised words
found at their place, what is flagged in comments that hold no watched word, and in the
list of words and phrases that only contain one. Says whether what is asked is met, and
ends with 1 if not.
"""

import json
import random
import re
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick
from wordfreq import top_n_list

from benchmarks import asked
from benchmarks.disguises import DISGUISES
from moderation.filters import Rules, WordList, screen
from moderation.forms import forms
from tests import test_moderation_benign as benign

SEED = 14
TERMS = {"en": 4_000, "ru": 3_000, "zh": 3_000}
OURS = {"en": "en", "ru": "ru", "zh": "zh_Hans"}  # our name of each language
COMMON = 8_000  # words that comments are made of
SHORTEST = {"en": 5, "ru": 5, "zh": 2}  # letters of a watched word
LETTERS = {"en": re.compile("[a-z]+"), "ru": re.compile("[а-яё]+"), "zh": re.compile("[一-鿿]+")}
COMMENTS = 12_000
ROUNDS = 5
HIDDEN = 400  # disguised words of each kind in each language
PAUSES = ("\n", "... ", "… ", " - ", ", ", " 😭 ", "\n> ")  # that a cry for help may have in it
FASTEST, LEAST = 10_000, 0.95  # what is asked: comments a second, and recall of each disguise


@dataclass(frozen=True)
class Speech:
    """A language's everyday words, and those that are watched; no comment holds the latter."""

    language: str
    common: list[str]
    watched: list[str]

    def comment(self, chance: random.Random) -> list[str]:
        """The words of one comment, common ones more often."""
        return [
            self.common[int(len(self.common) * chance.random() ** 3)]
            for _ in range(chance.randint(4, 22))
        ]

    def written(self, words: list[str]) -> str:
        return ("" if self.language == "zh" else " ").join(words)


def speech(language: str, chance: random.Random) -> Speech:
    known = [word for word in top_n_list(language, 60_000) if LETTERS[language].fullmatch(word)]
    common, usual = known[:COMMON], {plain(word) for word in known[:COMMON]}
    rare = [word for word in known[COMMON:] if len(word) >= SHORTEST[language]]
    chance.shuffle(rare)
    strange = (word for word in rare if usual.isdisjoint(map(plain, forms(word, OURS[language]))))
    return Speech(language, common, [next(strange) for _ in range(TERMS[language])])


def plain(word: str) -> str:
    return word.replace("ё", "е")


def comments(speeches: list[Speech], chance: random.Random) -> list[str]:
    return [one.written(one.comment(chance)) for one in speeches for _ in range(COMMENTS // 3)]


def rate(work: Callable[[str], object], texts: list[str]) -> float:
    """Texts a second of one core's CPU time, the median of several rounds."""
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for said in texts:
            work(said)
        took.append(time.process_time() - began)
    return len(texts) / statistics.median(took)


def speed(rules: Rules, speeches: list[Speech], texts: list[str]) -> dict[str, float]:
    bare = AhoCorasick([word for one in speeches for word in one.watched])
    raw = rate(bare.find_matches_as_indexes, texts)
    ours = rate(lambda said: screen(rules, said), texts)
    cried = Rules((*rules.lists, *(each for each in benign.STARTER.lists if each.welfare)), ())
    lines = [said.replace(" ", ", ", 1) for said in texts]  # each with a pause to be read over
    helped = rate(lambda said: screen(cried, said), lines)
    return {
        "comments_per_s": round(ours),
        "with_welfare_per_s": round(helped),
        "bare_per_s": round(raw),
        "ratio": round(ours / raw, 4),
    }


def hidden(one: Speech, kind: str, chance: random.Random) -> Iterator[tuple[str, str, int, int]]:
    """Comments with one disguised word, the word, and its place; only words that change."""
    made = 0
    for word in one.watched:
        looks = DISGUISES[kind](word, chance)
        if looks == word:
            continue
        words = one.comment(chance)
        place = chance.randrange(len(words) + 1)
        before = one.written([*words[:place], ""])
        said = before + one.written([looks, *words[place:]])
        yield said, word, len(before), len(before) + len(looks)
        made += 1
        if made == HIDDEN:
            return


def measured(rules: Rules, one: Speech, kind: str, chance: random.Random) -> dict[str, float]:
    """Recall, and precision: of all that is flagged in these comments the share that is meant."""
    found = there = flagged = 0
    for said, word, start, end in hidden(one, kind, chance):
        there += 1
        flags = screen(rules, said)
        right = [
            flag
            for flag in flags
            if (flag.start, flag.end) == (start, end)
            and word in forms(flag.term, OURS[one.language])
        ]
        found += bool(right)
        flagged += len(flags) - len(right) + bool(right)
    if not there:
        return {"words": 0}
    precision = round(found / flagged, 4) if flagged else 1.0
    return {"words": there, "recall": round(found / there, 4), "precision": precision}


def cut(rules: Rules, one: Speech, chance: random.Random) -> dict[str, float]:
    """Words cut by a line break at a comment's end; and comments broken where two words meet.

    `more` of the latter are flagged for what the same comment in one line does not hold.
    """
    halves = [(word[:at], word[at:]) for word in one.watched[:HIDDEN] if (at := len(word) // 2)]
    ends = [f"{one.written(one.comment(chance))} {head}\n{tail}" for head, tail in halves]
    found = sum(_ends(rules, said) for said in ends)
    more = 0
    for _ in range(COMMENTS // 2):
        words = one.comment(chance)
        place = chance.randrange(1, len(words))
        lines = (one.written(words[:place]), one.written(words[place:]))
        more += len(screen(rules, "\n".join(lines))) > len(screen(rules, " ".join(lines)))
    share = round(more / (COMMENTS // 2), 4)
    return {"words": len(ends), "recall": round(found / len(ends), 4), "more": share}


def _ends(rules: Rules, said: str) -> bool:
    """Whether something is flagged up to the end, from before the break on."""
    return any(
        flag.end == len(said) and "\n" in said[flag.start : flag.end]
        for flag in screen(rules, said)
    )


def cries() -> dict[str, float]:
    """Phrases of the starter's welfare lists, a pause of every kind at each of their blanks.

    `harmless` are that list's harmless phrases, cut by a line break in the same way.
    """
    there = found = harmless = flagged = 0
    for each in benign.STARTER.lists:
        if each.welfare:
            for said in _paused(each.terms, PAUSES):
                there += 1
                found += _helped(said)
            for said in _paused(each.benign, PAUSES[:1]):
                harmless += 1
                flagged += _helped(said)
    share = round(found / there, 4)
    return {"cries": there, "recall": share, "harmless": harmless, "flagged": flagged}


def _paused(phrases: Iterable[str], pauses: Iterable[str]) -> Iterator[str]:
    for phrase in phrases:
        words = phrase.split()
        for at in range(1, len(words)):
            for pause in pauses:
                yield f"so {' '.join(words[:at])}{pause}{' '.join(words[at:])} now"


def _helped(said: str) -> bool:
    return any(flag.welfare for flag in screen(benign.STARTER, said))


def around() -> dict[str, int]:
    """Words and phrases that only contain a watched one, and how many are flagged."""
    said = [word for words in benign.BENIGN.values() for word in words.split()] + benign.CHINESE
    both = (benign.STRICT, benign.STARTER)
    flagged = sum(any(screen(rules, one) for rules in both) for one in said)
    return {"benign": len(said), "flagged": flagged}


def clean(rules: Rules, texts: list[str]) -> dict[str, float]:
    flagged = sum(bool(screen(rules, said)) for said in texts)
    return {"comments": len(texts), "flagged": flagged, "share": round(flagged / len(texts), 4)}


def main() -> None:
    chance = random.Random(SEED)
    speeches = [speech(language, chance) for language in TERMS]
    rules = Rules(
        tuple(WordList(one.language, OURS[one.language], tuple(one.watched)) for one in speeches),
        (),
    )
    texts = comments(speeches, chance)
    fast = speed(rules, speeches, texts)
    print(json.dumps({"speed": fast}))
    recalls = []
    for one in speeches:
        plainly = [one.written(one.comment(chance)) for _ in range(COMMENTS // 3)]
        print(json.dumps({"language": one.language, "clean": clean(rules, plainly)}))
        for kind in DISGUISES:
            found = measured(rules, one, kind, chance)
            recalls += [found["recall"]] if found["words"] else []
            print(json.dumps({"language": one.language, "disguise": kind} | found))
        if one.language != "zh":  # where no break cuts a word
            print(
                json.dumps({"language": one.language, "cut": cut(rules, one, random.Random(SEED))})
            )
    left, heard = around(), cries()
    print(json.dumps(left))
    print(json.dumps(heard))
    asked.end(
        {
            f"at least {FASTEST} comments/s": fast["comments_per_s"] >= FASTEST,
            f"recall of each disguise at least {LEAST}": min(recalls) >= LEAST,
            "every cry heard over a pause": heard["recall"] == 1.0,
            "no flag on at least 200 benign words": left["benign"] >= 200 and not left["flagged"],
        }
    )


if __name__ == "__main__":
    main()
