"""Whether it is night where a reader lives: what is late, or comes again, waits for morning."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailing import zones
from mailing.claiming import Claimed
from mailing.model import SERVICE, Campaign
from mailing.timing import Quiet


class Night:
    """The quiet hours as a sender keeps them; without any there is no night."""

    def __init__(self, quiet: Quiet | None) -> None:
        self._quiet = quiet
        self._zones: dict[str, ZoneInfo] = {}  # the schools', by campaigns that keep quiet hours

    def learn(self, campaign: Campaign, zone: ZoneInfo) -> None:
        if campaign.topic != SERVICE:
            self._zones[campaign.id] = zone

    def presses(self, campaign_id: str) -> bool:
        """Whether it is service mail, as all of the urgent lane is: about a lesson that runs."""
        return campaign_id not in self._zones

    def rest(self, row: Claimed, *, now: datetime) -> timedelta | None:
        """How long her quiet hours last that it falls into; None: it may leave."""
        zone = self._zones.get(row.campaign_id)
        if self._quiet is None or zone is None:
            return None
        told = zones.FIELD in row.fields
        own = zones.of(json.loads(row.fields), zone) if told else zone
        return (self._quiet.end(now, own) - now) or None
