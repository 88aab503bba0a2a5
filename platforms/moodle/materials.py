"""What stands in a Moodle course: files, pages and links, as the course shows them.

core_course_get_contents: https://docs.moodle.org/dev/Web_service_API_functions
"""

from typing import Any

from platforms.answers import word
from platforms.base import Material
from platforms.moodle.calls import Calls

# Kinds of modules that are something to read; a forum or a test is something to do.
READ = frozenset({"resource", "folder", "page", "url", "book", "label", "imscp", "h5pactivity"})
LONGEST = 300  # characters of a name


def materials(calls: Calls, course_external_id: str) -> list[Material]:
    """Those that learners see."""
    function = "core_course_get_contents"
    sections = calls.rows(
        calls.read(function, {"courseid": course_external_id}), function, "modules"
    )
    return [
        Material(word(module.get("id")), word(module.get("name"))[:LONGEST], _url(module))
        for section in sections
        if section.get("visible", 1)
        for module in _modules(section)
    ]


def _modules(section: dict[str, Any]) -> list[dict[str, Any]]:
    found = section.get("modules")
    return [
        module
        for module in (found if isinstance(found, list) else [])
        if isinstance(module, dict)
        and module.get("modname") in READ
        and module.get("visible", 1)
        and word(module.get("id"))
    ]


def _url(module: dict[str, Any]) -> str:
    url = module.get("url")
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) else ""
