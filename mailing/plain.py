"""The text part: Markdown read as a person reads it, links written out."""

from collections.abc import Sequence

from markdown_it.token import Token


def plain(tokens: Sequence[Token]) -> str:
    """Plain text of a parsed Markdown document, paragraphs apart by an empty line."""
    blocks: list[str] = []
    marks: list[str] = []  # open lists: '' is a bullet, a number the next item's
    prefix = ""
    quotes = 0
    for token in tokens:
        match token.type:
            case "bullet_list_open":
                marks.append("")
            case "ordered_list_open":
                marks.append(str(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                marks.pop()
            case "list_item_open":
                prefix = "  " * (len(marks) - 1) + (f"{marks[-1]}. " if marks[-1] else "- ")
                marks[-1] = str(int(marks[-1]) + 1) if marks[-1] else ""
            case "blockquote_open":
                quotes += 1
            case "blockquote_close":
                quotes -= 1
            case "hr":
                blocks.append("-" * 20)
            case "fence" | "code_block":
                blocks.append(token.content.rstrip("\n"))
            case "inline":
                words = prefix + _inline(token.children or [])
                blocks.append("\n".join("> " * quotes + line for line in words.split("\n")))
                prefix = ""
    return "\n\n".join(blocks)


def _inline(children: Sequence[Token]) -> str:
    said: list[str] = []
    opened: list[tuple[str, int]] = []
    for token in children:
        match token.type:
            case "text" | "code_inline":
                said.append(token.content)
            case "softbreak" | "hardbreak":
                said.append("\n")
            case "image":
                said.append(token.content)
            case "link_open":
                opened.append((str(token.attrGet("href") or ""), len(said)))
            case "link_close":
                href, start = opened.pop()
                if "".join(said[start:]) != href:
                    said.append(f" ( {href} )")
    return "".join(said)
