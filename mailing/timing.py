"""When a campaign may leave: at once, at a chosen time, never in the quiet hours, never stale."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailing.model import SERVICE, UNDO, Campaign

SECOND_PERSON = 500  # recipients above which one agrees where nobody has said a number
STALE = timedelta(hours=12)  # after its time what could not begin is over
HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Quiet:
    """From `since` to `until` by a reader's clock nothing leaves; it may go over midnight."""

    since: time
    until: time

    @classmethod
    def parse(cls, written: str) -> "Quiet | None":
        """ "22:00-07:00"; None for an empty text. Raises ValueError for anything else."""
        if not written.strip():
            return None
        found = HOURS.fullmatch(written.strip())
        if found is None:
            raise ValueError("Quiet hours are written like 22:00-07:00.")
        hours = [int(part) for part in found.groups()]
        return cls(time(hours[0], hours[1]), time(hours[2], hours[3]))

    def end(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The time itself, or the end of the quiet hours that it falls into."""
        local = at.astimezone(zone)
        clock = local.time()
        if self.since <= self.until:
            inside, tomorrow = self.since <= clock < self.until, False
        else:
            inside, tomorrow = clock >= self.since or clock < self.until, clock >= self.since
        if not inside:
            return at
        day = local.date() + timedelta(days=1 if tomorrow else 0)
        end = datetime.combine(day, self.until, zone)
        if end.astimezone(UTC) < at:  # the hour comes twice that night, and this is the second
            end = end.replace(fold=1)
        return end.astimezone(UTC)


@dataclass(frozen=True)
class Terms:
    """What the school asks of a release; without any, it leaves when the undo window is over.

    `second_person_above`: so many recipients or fewer need no second person; 0: nobody does.
    `undo`: how long after its release nothing leaves, so that it can be called back.
    """

    second_person_above: int = 0
    quiet: Quiet | None = None
    undo: timedelta = UNDO


def leaves_at(
    campaign: Campaign, terms: Terms, zone: ZoneInfo, *, own: ZoneInfo | None = None, now: datetime
) -> datetime:
    """When a mail may leave, by the school's clock, or by her `own` who gets it.

    Service mail is about a lesson that runs: it knows no quiet hours.
    """
    there = own or zone
    chosen = campaign.scheduled_for
    if chosen is not None and campaign.by_zone:
        chosen = chosen.astimezone(zone).replace(tzinfo=there).astimezone(UTC)
    at = max(now + terms.undo, chosen or now)
    if terms.quiet is None or campaign.topic == SERVICE:
        return at
    return terms.quiet.end(at, there)


def expires_at(leaves: datetime) -> datetime:
    """A time means that time, and "at once" means now: hours later the words may be untrue."""
    return leaves + STALE
