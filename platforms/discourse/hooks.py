"""What Discourse delivers by itself: posts, signed with the webhook's secret.

https://meta.discourse.org/t/setting-up-webhooks/49045; the signature is the
HMAC-SHA256 of the body as sent.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping

from platforms.base import Comment, Forged
from platforms.discourse.posts import REGULAR, comment

EVENTS = {"post_created", "post_edited", "post_recovered"}


def hooked(secret: str, headers: Mapping[str, str], body: bytes) -> list[Comment]:
    """Private messages are nobody's to moderate, and are passed over."""
    given = headers.get("x-discourse-event-signature", "")
    wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not secret or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Forged
    if headers.get("x-discourse-event") not in EVENTS:
        return []
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return []
    row = said.get("post") if isinstance(said, dict) else None
    if not isinstance(row, dict) or not isinstance(row.get("id"), int):
        return []
    private = row.get("topic_archetype") == "private_message"
    if private or row.get("post_type", REGULAR) != REGULAR or row.get("deleted_at"):
        return []
    return [comment(row)]
