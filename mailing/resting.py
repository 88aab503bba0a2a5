"""Whether a mail rests: until its reader's morning, or because her domain is to be left alone."""

from datetime import datetime, timedelta

from mailing.claiming import Claimed
from mailing.limits import Limits
from mailing.night import Night
from mailing.relay import Outcome
from mailing.timing import Quiet


class Resting:
    """What a run knows of it; `limits` and `night` hear what others have to say."""

    def __init__(self, quiet: Quiet | None) -> None:
        self.limits, self.night = Limits(), Night(quiet)

    def of(self, row: Claimed, *, now: datetime) -> timedelta | None:
        """How long it rests; None: it may leave. What presses sleeps no night either."""
        pressing = self.night.presses(row.campaign_id)
        return self.night.rest(row, now=now) or self.limits.rest(row.email, pressing=pressing)

    def hear(self, row: Claimed, outcome: Outcome) -> None:
        """What the relay said of it is said of its domain as well."""
        if outcome.kind == "sent":
            self.limits.took(row.email)
            return
        pressing = self.night.presses(row.campaign_id)
        if outcome.kind == "later":
            said = str(outcome.words.params.get("reply", ""))
            self.limits.put_off(row.email, said, pressing=pressing)
        elif outcome.hard:
            self.limits.died(row.email, pressing=pressing)
