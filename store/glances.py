"""Small questions to the database, asked many times a second over one connection."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from store.db import Connection, Database


class Glances:
    """The connection is opened by the first question, and again after one that failed."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._connection: Connection | None = None

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """For one statement that reads. Raises sqlalchemy's DBAPIError."""
        if self._connection is None:
            self._connection = self._db.for_glances()
        try:
            with self._connection.begin():
                yield self._connection
        except DBAPIError:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
