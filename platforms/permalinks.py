"""What a link that a reader copied from a platform points at; nothing is asked of the network."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

LONGEST = 2000  # characters of a link that is looked at

# By platform, the most exact first. `post` is the comment's id or its end, `thread` its discussion.
SHAPES: dict[str, tuple[str, ...]] = {
    "moodle": (
        r"discuss\.php\?.*?\bd=(?P<thread>\d+).*#p(?P<post>\d+)$",
        r"discuss\.php\?.*?\bd=(?P<thread>\d+)",
    ),
    "discourse": (r"/p/(?P<post>\d+)", r"/t/(?:[^/]*[^/\d][^/]*/)?(?P<thread>\d+)"),
    "openedx": (
        r"/threads/(?P<thread>\w+)#(?P<post>\w+)$",
        r"/(?:posts|threads)/(?P<thread>\w+)",
    ),
    "matrix": (r"#/(?P<thread>[!#][^/?]+)/(?P<post>\$[^/?]+)",),
}
ANYWHERE = {"matrix"}  # its links lead to matrix.to, whichever homeserver it is


@dataclass(frozen=True)
class Pointed:
    """Either may be empty; a `post` is enough by itself."""

    thread: str
    post: str


def pointed(platform: str, site: str, link: str) -> Pointed | None:
    """None when the link is not one of the platform's at this address."""
    said = unquote(link.strip()[:LONGEST])
    try:
        here = urlsplit(said).netloc.lower() == urlsplit(site).netloc.lower()
    except ValueError:
        return None
    if not here and platform not in ANYWHERE:
        return None
    for shape in SHAPES.get(platform, ()):
        found = re.search(shape, said)
        if found:
            parts = found.groupdict()
            return Pointed(parts.get("thread") or "", parts.get("post") or "")
    return None
