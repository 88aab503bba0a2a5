"""How many wordings of a comment are kept as evidence."""

from store.db import Connection, text


def wordings_kept(tx: Connection, comment_id: str) -> int:
    found = tx.execute(
        text("SELECT COUNT(DISTINCT sha256) FROM comment_version WHERE comment_id = :id"),
        {"id": comment_id},
    )
    return int(found.scalar_one())
