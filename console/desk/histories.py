"""A target's past for its charts: from the Prometheus that is configured, else from our own."""

from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from platforms.base import PlatformError
from probes import prometheus, results
from probes.history import Point
from probes.prometheus import Prometheus
from store import access
from store.access import Actor
from store.db import Database
from store.words import Words

REST = 30.0  # seconds that a Prometheus which failed is not asked


@dataclass(frozen=True)
class Past:
    """`problem`: why the points are our own although a Prometheus is configured."""

    points: list[Point]
    problem: Words | None = None


class Histories:
    def __init__(self, db: Database, server: Prometheus | None) -> None:
        self._db = db
        self._server = server
        self._problem: Words | None = None
        self._rests_until = 0.0

    def of(
        self,
        actor: Actor,
        school_id: str,
        target_id: str,
        *,
        since: datetime,
        until: datetime,
        points: int = 300,
    ) -> Past:
        """At most `points` points, oldest first; a time without a known check is a gap."""
        access.require(actor, "see", school_id)
        if self._server is not None and monotonic() >= self._rests_until:
            try:
                found = prometheus.history(
                    self._server, school_id, target_id, since=since, until=until, points=points
                )
            except PlatformError as error:
                self._problem = Words(error.template, error.params)
                self._rests_until = monotonic() + REST
            else:
                self._problem = None
                return Past(found)
        with self._db.read("metrics") as mtx:
            kept = results.history(
                mtx, actor, school_id, target_id, since=since, until=until, points=points
            )
        return Past(kept, self._problem)
