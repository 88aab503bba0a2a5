"""Whether a mail in hand may still leave: its campaign is released, its reader has not said no."""

from collections.abc import Callable, Iterable

from sqlalchemy.exc import DBAPIError

from mailing.claiming import Claimed
from mailing.forgoing import Forgoing
from mailing.gate import Gate
from mailing.limits import Limits
from mailing.model import Campaign
from mailing.sharing import Sharing
from store.db import Database
from store.glances import Glances
from store.words import Words


class Clearance:
    """Looked up beside the sending. `fail` hears what the database raises; nothing leaves then."""

    def __init__(self, db: Database, owner: str, *, fail: Callable[[DBAPIError], None]) -> None:
        self._glances, self._fail = Glances(db), fail
        self._gate, self._forgoing = Gate(self._glances), Forgoing(self._glances, owner)

    def open(self, campaign_id: str, *, fresh: bool) -> bool:
        """Whether the campaign may send; `fresh`: by a look of this moment."""
        try:
            return self._gate.open(campaign_id, fresh=fresh)
        except DBAPIError as error:
            self._fail(error)
            return False

    def glance(
        self, now: float, campaigns: Iterable[Campaign], sharing: Sharing, limits: Limits
    ) -> None:
        """Look again, if the last look was long ago; `now` as of time.monotonic."""
        self._gate.glance(now)
        try:
            self._forgoing.glance(now, campaigns)
            sharing.exchange(limits, self._glances, now)
        except DBAPIError as error:
            self._fail(error)

    def why_not(self, row: Claimed) -> Words | None:
        """Why its reader gets no more of this since it was claimed."""
        return self._forgoing.why(row)

    def close(self) -> None:
        self._glances.close()
