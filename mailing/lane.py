"""What a connection to a relay with a limit takes of the work."""

from mailing.message import Envelope
from mailing.pace import Pace
from mailing.work import Work


class Lane:
    """The work as a relay with a limit sees it: a mail for each of its slots."""

    def __init__(self, work: Work, pace: Pace) -> None:
        self._work, self._pace = work, pace
        self.begin, self.take = work.begin, work.take

    def next(self) -> Envelope | None:
        if not self._work.ready or self._pace.away() > 0:
            return None
        envelope = self._work.next()
        if envelope is not None:
            self._pace.take()
        return envelope
