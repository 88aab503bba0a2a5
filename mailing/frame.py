"""The look of a mail: one column, inline styles, light and dark, no pictures, no tracking."""

from collections.abc import Sequence
from html import escape

from markdown_it.token import Token

STYLES = {
    "h1": "font-size:22px;line-height:1.3;margin:24px 0 12px",
    "h2": "font-size:19px;line-height:1.3;margin:24px 0 12px",
    "h3": "font-size:17px;line-height:1.3;margin:20px 0 8px",
    "p": "margin:0 0 16px",
    "ul": "margin:0 0 16px;padding-left:24px",
    "ol": "margin:0 0 16px;padding-left:24px",
    "li": "margin:0 0 6px",
    "blockquote": "margin:0 0 16px;padding-left:14px;border-left:3px solid #d9e0e7",
    "hr": "border:0;border-top:1px solid #d9e0e7;margin:24px 0",
    "a": "color:#0b5cad",
    "img": "max-width:100%;height:auto",
    "table": "margin:0 0 16px;border-collapse:collapse",
    "th": "padding:4px 12px 4px 0;text-align:left",
    "td": "padding:4px 12px 4px 0",
}
# A line of code is folded like any other: it must not make a letter wider than a phone.
PRE = (
    "white-space:pre-wrap;overflow-wrap:anywhere;word-break:break-word;margin:0 0 16px;"
    "padding:10px 12px;border-left:3px solid #d9e0e7;font-size:14px;"
    "font-family:Consolas,Menlo,monospace"
)
BUTTON = (
    "display:inline-block;background:#0b5cad;color:#ffffff;text-decoration:none;"
    "font-weight:bold;padding:12px 20px;border-radius:8px"
)
DARK_QUERY = "@media (prefers-color-scheme: dark)"
PAGE = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{subject}</title>
<style>
{dark_query} {{
.ground {{ background:#0f151b !important }}
.sheet {{ background:#18202a !important; color:#e6ecf2 !important }}
.quiet {{ color:#a9b5c1 !important; border-color:#2b3743 !important }}
.sheet a {{ color:#7cb9f5 !important }}
.code {{ border-color:#2b3743 !important }}
.sheet a.button {{ background:#2f78c8 !important; color:#ffffff !important }}
}}
@media (max-width: 480px) {{ .sheet {{ padding:20px 16px !important }} }}
</style></head>
<body class="ground" style="margin:0;padding:0;background:#eef1f5">
<table role="presentation" class="ground" width="100%" cellpadding="0" cellspacing="0"
 style="background:#eef1f5"><tr><td align="center" style="padding:16px 8px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"
 style="max-width:600px"><tr>
<td class="sheet" style="background:#ffffff;color:#1b2733;border-radius:8px;padding:28px;
font-family:'Source Sans 3','Noto Sans','PingFang SC','Microsoft YaHei',Arial,sans-serif;
font-size:16px;line-height:1.5;text-align:left;overflow-wrap:anywhere;word-break:break-word">
<p class="quiet" style="margin:0 0 8px;font-size:14px;color:#5f6b78">{school}</p>
<h1 style="font-size:22px;line-height:1.3;margin:0 0 16px">{subject}</h1>
{above}{body}
<p class="quiet" style="margin:24px 0 0;padding-top:12px;border-top:1px solid #d9e0e7;
font-size:13px;color:#5f6b78">{why}{links}</p>
</td></tr></table>
</td></tr></table>
</body></html>
"""


def page(
    *,
    language: str,
    subject: str,
    body: str,
    school: str,
    why: str,
    links: Sequence[tuple[str, str]] = (),
    above: str = "",
) -> str:
    """The whole document; `subject`, `above`, `body` and links' addresses are HTML already."""
    listed = " · ".join(link(word, address) for word, address in links)
    return PAGE.format(
        language=escape(language.replace("_", "-")),
        subject=subject,
        body=body,
        school=escape(school),
        why=escape(why),
        links=f" {listed}" if listed else "",
        above=above,
        dark_query=DARK_QUERY,
    )


def link(word: str, address: str) -> str:
    """A link beside the letter; its address is HTML already."""
    return f'<a class="quiet" href="{address}" style="color:#5f6b78">{escape(word)}</a>'


def code(
    _renderer: object, tokens: Sequence[Token], at: int, _options: object, _env: object
) -> str:
    """A block of code, as markdown-it asks for it: its own way leaves the block without a style."""
    return f'<pre class="code" style="{PRE}"><code>{escape(tokens[at].content)}</code></pre>\n'


def dark(html: str) -> str:
    """The same document as a reader in the dark sees it, for a preview."""
    return html.replace(DARK_QUERY, "@media all", 1)


def dress(tokens: list[Token]) -> None:
    """Put the styles on the elements; a link alone in its paragraph becomes a button."""
    for token in tokens:
        if token.nesting >= 0 and token.tag in STYLES:
            token.attrSet("style", STYLES[token.tag])
        children = token.children or []
        dress(children)
        if token.level == 1 and _is_button(children):  # not in a list, a table or a quotation
            children[0].attrSet("style", BUTTON)
            children[0].attrSet("class", "button")


def _is_button(children: list[Token]) -> bool:
    return (
        len(children) > 2
        and children[0].type == "link_open"
        and children[-1].type == "link_close"
        and sum(child.type == "link_open" for child in children) == 1
    )
