"""Who has asked for no more, or proved dead, since the mail was claimed: it does not leave."""

import time
from collections.abc import Iterable, Mapping

from mailing import suppression
from mailing.claiming import Claimed
from mailing.model import Campaign
from store.glances import Glances
from store.words import Words

AGAIN = 0.5  # seconds between two looks


class Forgoing:
    def __init__(self, glances: Glances, owner: str) -> None:
        self._glances, self._owner = glances, owner
        self._reasons: dict[tuple[str, str], str] = {}  # by campaign and address
        self._looked = time.monotonic()

    def glance(self, now: float, campaigns: Iterable[Campaign]) -> None:
        """Look again, if the last look was long ago; `now` as of time.monotonic."""
        if now - self._looked < AGAIN:
            return
        self._reasons = {
            (campaign.id, email): reason
            for campaign in campaigns
            for email, reason in self._look(campaign).items()
        }
        self._looked = time.monotonic()

    def _look(self, campaign: Campaign) -> Mapping[str, str]:
        with self._glances.look() as tx:
            return suppression.reasons(
                tx, campaign.school_id, campaign.topic, claimed_by=self._owner
            )

    def why(self, row: Claimed) -> Words | None:
        """Why it must not leave any more; None: it may."""
        reason = self._reasons.get((row.campaign_id, row.email)) if self._reasons else None
        return Words(suppression.WHY[reason]) if reason else None
