"""Read a stranger's HTML as plain text: no script, no style, no hidden markup."""

import re
from html.parser import HTMLParser

SILENT = {"script", "style", "template", "head", "title", "noscript", "iframe", "object"}
BREAKS = {"p", "div", "br", "li", "ul", "ol", "tr", "table", "blockquote", "pre", "hr"} | {
    f"h{level}" for level in range(1, 7)
}


def plain(html: str) -> str:
    """The text that a reader sees, line by line; pictures by their description."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (re.sub(r"[ \t\r\f\v\u00a0]+", " ", line).strip() for line in reader.lines())
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._silent: list[str] = []

    def lines(self) -> list[str]:
        return "".join(self._pieces).split("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            self._silent.append(tag)
        if tag in BREAKS:
            self._pieces.append("\n")
        if tag == "img":
            self.handle_data(f" {dict(attrs).get('alt') or ''} ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        if tag in BREAKS:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(re.sub(r"\s*\n\s*", " ", data))
