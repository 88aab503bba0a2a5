"""Matrix with a homeserver that answers strangely: bounded, and what is not ours stays."""

import json
from urllib.parse import unquote

from platforms.answers import Site
from platforms.matrix import muting, people
from platforms.matrix.calls import Calls
from tests.wire import Asked, as_json, serving

JOE = "@joe:example"


def _calls(url: str) -> Calls:
    return Calls(Site("Matrix", url, {"loopback_only": "1"}), "s3cret")


def test_a_list_of_accounts_that_leads_back_to_itself_ends() -> None:
    with serving(lambda asked: as_json({"users": [], "next_token": "500", "user_id": "@p:x"})) as w:
        assert list(people.accounts(_calls(w.url))) == []
        assert sum("/users?" in asked.target for asked in w.asked) == 2


def test_only_the_mutes_own_level_is_taken_where_nothing_is_known_of_before() -> None:
    kept = {"!muted:x": {JOE: -1}, "!given:x": {JOE: 50}}

    def answer(asked: Asked) -> bytes:
        room = next(name for name in kept if name in unquote(asked.target))
        if asked.method == "PUT":
            kept[room] = json.loads(asked.body)["users"]
            return as_json({"event_id": "$e"})
        return as_json({"users": kept[room], "events_default": 0})

    with serving(answer) as w:
        muting.unmute(_calls(w.url), list(kept), JOE, "")
        assert muting.is_unmuted(_calls(w.url), list(kept), JOE, "")
    assert kept == {"!muted:x": {}, "!given:x": {JOE: 50}}
