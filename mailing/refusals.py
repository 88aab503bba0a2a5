"""Final refusals that may be the relay's own doing: nobody fails before that is known.

Where the relay takes a mail after them, they were about their readers. Where it goes on
refusing, it takes nothing from us at all, and whoever was refused waits with all others.
"""

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

from mailing import blame
from mailing.bounces import NAMES
from mailing.claiming import Claimed
from mailing.relay import Outcome
from store.words import N_, Words

OURS = 5  # refusals that speak of us, no mail taken between them: they are the relay's
ALIKE = 10  # that say of each reader the same, and not whose fault it is
MOST = 100  # that say anything
DOMAINS = 2  # of recipients; when all are of one, mail for others is looked for first
EVERYBODY = N_("The relay refuses everybody it is asked for: {reply}")
TEXT = N_("The relay takes the addresses and refuses the mail, so it is likely its text: {reply}")
ASIDE = 500  # mails for that one that are set aside while it is looked for


class Refused(NamedTuple):
    row: Claimed
    outcome: Outcome


class Refusals:
    """Of one relay, since it took a mail."""

    def __init__(self, *, everybody: bool = False) -> None:
        self.doubtful: list[Refused] = []
        self.shunned = ""  # the domain whose mail is set aside
        self.aside: list[Claimed] = []
        self._alike: Counter[str] = Counter()
        self._domains: dict[str, set[str]] = {}
        self._everybody = everybody

    def doubts(self, row: Claimed, outcome: Outcome) -> bool:
        """Whether it may be the relay's doing; False: it is about the reader."""
        if outcome.kind != "refused" or outcome.whose == "reader":
            return False
        refused = Refused(row, outcome)
        self.doubtful.append(refused)
        self._count(refused)
        return True

    def _count(self, refused: Refused) -> None:
        ours = refused.outcome.whose == "ours"
        said = "" if ours else blame.kind(str(refused.outcome.words.params.get("reply", "")))
        domain = domain_of(refused.row.email)
        self._alike[said] += 1
        found = self._domains.setdefault(said, set())
        found.add(domain)
        if len(self.doubtful) >= MOST:
            self._everybody = True
        elif self._alike[said] >= (OURS if ours else ALIKE):
            if len(found) < DOMAINS:
                self.shunned = domain
            else:
                self._everybody = True

    @property
    def everybody(self) -> bool:
        """Whether the relay refuses whoever it is asked for."""
        return self._everybody or len(self.aside) >= ASIDE

    def going_on(self) -> "Refusals":
        """For what is still on its way: refused likewise, it is the relay's doing as well."""
        return Refusals(everybody=True)

    @property
    def words(self) -> Words:
        """The relay's, without whom the mail was for."""
        reply = str(self.doubtful[-1].outcome.words.params.get("reply", ""))
        text = all(each.outcome.read and each.outcome.whose != "ours" for each in self.doubtful)
        return Words(TEXT if text else EVERYBODY, {"reply": NAMES.sub("…", reply)})

    @property
    def rows(self) -> list[Claimed]:
        """Whoever was refused, and whose mail was set aside."""
        return [*(each.row for each in self.doubtful), *self.aside]

    @property
    def many(self) -> bool:
        """Whether there were so many, be it of one domain, that the relay is not believed."""
        return bool(self.doubtful) and (self.everybody or bool(self.shunned))

    def outcomes(self, *, took: bool) -> list[tuple[Claimed, Outcome]]:
        """What becomes of those who are no longer in doubt; `took`: the relay took a mail since.

        Who was refused for our sake is tried again, where it may have changed by then.
        """
        return [
            (each.row, replace(each.outcome, kind="later") if _again(each, took) else each.outcome)
            for each in self.doubtful
        ]


def _again(refused: Refused, took: bool) -> bool:
    return refused.outcome.whose == "ours" and not (took and refused.row.attempt)


def domain_of(email: str) -> str:
    return email.rpartition("@")[2]
