"""The text part: Markdown read as a person reads it, links written out."""

from collections.abc import Callable, Sequence

from markdown_it.token import Token


def plain(tokens: Sequence[Token], address: Callable[[str], str] = str) -> str:
    """Paragraphs apart by an empty line, items and table rows each on a line of their own.

    `address`: how a link's is written out.
    """
    page = _Page(address)
    for token in tokens:
        page.read(token)
    written, before = "", False
    for words, tight in page.blocks:
        gap = "\n" if tight and before else "\n\n"
        written += f"{gap if written else ''}{words}"
        before = tight
    return written


class _Page:
    def __init__(self, address: Callable[[str], str]) -> None:
        self._address = address
        self.blocks: list[tuple[str, bool]] = []  # and whether it stands close to its like
        self._lists: list[int | None] = []  # open lists: the next number, None for bullets
        self._cells: list[str] | None = None  # of the table row that is open
        self._prefix = ""
        self._quotes = 0
        self._tight = False

    def read(self, token: Token) -> None:
        match token.type:
            case "inline":
                self._words(_inline(token.children or [], self._address))
            case "fence" | "code_block":
                self._block(token.content.rstrip("\n"))
            case "hr":
                self._block("-" * 20)
            case "paragraph_open":
                self._tight = token.hidden
            case "blockquote_open" | "blockquote_close":
                self._quotes += token.nesting
            case "tr_open":
                self._cells = []
            case "tr_close":
                self._block(" | ".join(self._cells or []), tight=True)
                self._cells = None
            case _:
                self._list(token)

    def _list(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                start = token.attrGet("start")
                self._lists.append(1 if start is None else int(start))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                number = self._lists[-1]
                mark = "- " if number is None else f"{number}. "
                self._prefix = "  " * (len(self._lists) - 1) + mark
                self._lists[-1] = None if number is None else number + 1

    def _words(self, words: str) -> None:
        if self._cells is not None:
            self._cells.append(words)
            return
        self._block(self._prefix + words, tight=self._tight)
        self._prefix, self._tight = "", False

    def _block(self, words: str, *, tight: bool = False) -> None:
        lines = words.split("\n")
        self.blocks.append(("\n".join("> " * self._quotes + line for line in lines), tight))


def _inline(children: Sequence[Token], address: Callable[[str], str]) -> str:
    said: list[str] = []
    opened: list[tuple[str, int]] = []
    for token in children:
        match token.type:
            case "text" | "code_inline" | "image":
                said.append(token.content)
            case "softbreak" | "hardbreak":
                said.append("\n")
            case "link_open":
                opened.append((str(token.attrGet("href") or ""), len(said)))
            case "link_close":
                href, start = opened.pop()
                if "".join(said[start:]) != href:
                    said.append(f" ( {address(href)} )")
    return "".join(said)
