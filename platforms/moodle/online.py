"""How many use Moodle now: it has no function for that, but a block and custom reports tell.

https://docs.moodle.org/en/Online_users_block, https://docs.moodle.org/en/Custom_reports
"""

import re
from collections.abc import Mapping
from html.parser import HTMLParser

from platforms.answers import count
from platforms.base import N_, PlatformError
from platforms.metering import Metered, Reading
from platforms.moodle.calls import Calls

FRONT_PAGE = 1  # the site's own course
BLOCK, REPORT = "core_block_get_course_blocks", "core_reportbuilder_retrieve_report"
NUMBER = re.compile(r"\d[\d,.\s\u00a0\u202f]*")
BRACKETS = re.compile("[(（][^)）]*[)）]")  # "(last 5 minutes)"

NO_BLOCK = N_(
    "Moodle at {host} does not show who is online. Add the block Online users to its front page, "
    "or enter the id of a custom report under More settings."
)


def reading(calls: Calls, report: str) -> Reading:
    """One request: the custom report with this id, else the block on the front page."""
    if report:
        params: Mapping[str, object] = {"reportid": report, "page": 0, "perpage": 1}
        said = calls.answer((yield calls.ask(REPORT, params)), REPORT)
        table = said.get("data") if isinstance(said, dict) else None
        online = count(table.get("totalrowcount")) if isinstance(table, dict) else None
        if online is None:
            raise calls.unreadable(REPORT)
        return Metered(None, {"online": online})
    asked = {"courseid": FRONT_PAGE, "returncontents": True}
    said = calls.answer((yield calls.ask(BLOCK, asked)), BLOCK)
    if not isinstance(said, dict):
        raise calls.unreadable(BLOCK)
    for block in calls.rows(said.get("blocks"), BLOCK, "name"):
        contents = block.get("contents")
        if block["name"] == "online_users" and isinstance(contents, dict):
            online = _in_block(str(contents.get("content", "")))
            if online is not None:
                return Metered(None, {"online": online})
    raise PlatformError(NO_BLOCK, {"host": calls.host}, permanent=True, code="no block")


def _in_block(html: str) -> int | None:
    """The number in "9 online users (last 5 minutes)", in any language; nobody has no number."""
    reader = _Info()
    try:
        reader.feed(html[:100_000])
    except AssertionError:  # what the library makes of a broken declaration
        return None
    if reader.said is None:
        return None
    found = NUMBER.search(BRACKETS.sub("", reader.said))
    return count(re.sub(r"\D", "", found.group())) if found else 0


class _Info(HTMLParser):
    """The text of the block's element of class info, which goes before the names."""

    def __init__(self) -> None:
        super().__init__()
        self.said: str | None = None
        self._inside = False

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.said is None and "info" in (dict(attrs).get("class") or "").split():
            self.said, self._inside = "", True

    def handle_endtag(self, _tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.said = (self.said or "") + data
