"""The pages made by the server itself: sign-in, set-up, and what participants see.

No script, no request but the page: theme colours, light or dark as the browser asks.
"""

from base64 import b64encode
from collections.abc import Iterable
from html import escape
from pathlib import Path

from console.i18n import NAMES, _

MARK = b64encode((Path(__file__).parents[1] / "static" / "favicon.png").read_bytes()).decode()
ICON = f"data:image/png;base64,{MARK}"
STYLE = """
:root{color-scheme:light dark;--ground:#fff;--card:#f5f7fa;--text:#1b2733;--line:#d9e0e7;
--main:#0b5cad;--link:#0b5cad;--bad:#9b1035;--badground:#fce8ec;--sim:#6b4bb0;--field:#fff;
--quiet:#5f6b78}
@media (prefers-color-scheme:dark){:root{--ground:#0f151b;--card:#18202a;--text:#e6ecf2;
--line:#2b3743;--main:#2f78c8;--link:#7cb9f5;--bad:#ff8f7d;--badground:#45201d;--sim:#bda5f2;
--field:#0f151b;--quiet:#a9b5c1}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 "Source Sans",
"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif}
main{max-width:26rem;margin:0 auto;padding:2.5rem 1rem}
main.wide{max-width:54rem}
.brand{display:flex;align-items:center;gap:.5rem;margin:0 0 1.5rem;font-weight:700}
header{display:flex;justify-content:space-between;align-items:baseline;gap:1rem;flex-wrap:wrap}
h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1.2rem;margin:0 0 .5rem}
a{color:var(--link)}nav{display:flex;flex-wrap:wrap;gap:0 .75rem}nav a{padding:.25rem 0}
nav a[aria-current]{color:var(--text);text-decoration:none;font-weight:600}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:1rem;
align-items:start}
section{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1.25rem;
overflow-wrap:anywhere}
label{display:block;margin:.75rem 0 .25rem;font-weight:600}
input,select,textarea{width:100%;font:inherit;color:inherit;background:var(--field);
border:1px solid var(--quiet);border-radius:.5rem;padding:.5rem .75rem}
textarea{min-height:7rem}
button{font:inherit;font-weight:600;color:#fff;background:var(--main);border:0;width:100%;
border-radius:.5rem;padding:.6rem 1rem;margin-top:1rem;cursor:pointer}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.quiet{color:var(--quiet);margin:.25rem 0}
.bad{color:var(--bad);background:var(--badground);border-radius:.5rem;padding:.5rem .75rem}
.sim{color:var(--sim);font-weight:600}
label.box{display:flex;align-items:center;gap:.5rem;font-weight:400;padding:.25rem 0}
label.box input{width:1.15rem;height:1.15rem;margin:0}
main>section+section{margin-top:1rem}main>section+h2{margin-top:1.5rem}
section>:first-child{margin-top:0}section>:last-child{margin-bottom:0}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .5rem;
border-bottom:1px solid var(--line)}
th{overflow-wrap:normal;vertical-align:top}
"""


def page(title: str, body: str, *, language: str, here: str, wide: bool = False) -> str:
    """A whole page; `title` is plain text, `body` is HTML, `here` the path to come back to."""
    tag = language.replace("_", "-")
    return (
        f'<!doctype html><html lang="{tag}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="{ICON}">'
        f"<title>{escape(title)} · Pult</title><style>{STYLE}</style></head><body>"
        f"<main{' class=wide' if wide else ''}>"
        f'<p class="brand"><img src="{ICON}" alt="" width="22" height="22">Pult</p>'
        f"<header><h1>{escape(title)}</h1>"
        f"{_languages(language, here)}</header>{body}</main></body></html>"
    )


def problem(sentence: str) -> str:
    return f'<p class="bad" role="alert">{escape(sentence)}</p>' if sentence else ""


def form(action: str, fields: str, button: str, *, token: str, note: str = "") -> str:
    """A form that posts with its token; `button` is plain text, `fields` HTML."""
    return (
        f'<form method="post" action="{escape(action)}">{hidden("token", token)}{fields}'
        f"{note}<button>{escape(button)}</button></form>"
    )


def hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def entry(
    name: str,
    label: str,
    *,
    kind: str = "text",
    value: str = "",
    complete: str = "off",
    note: str = "",
    required: bool = True,
) -> str:
    """A field with its label."""
    described = f' aria-describedby="{name}-note"' if note else ""
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" value="{escape(value)}" '
        f'autocomplete="{complete}"{" required" if required else ""}{described}>'
        + (f'<p class="quiet" id="{name}-note">{escape(note)}</p>' if note else "")
    )


def words(name: str, label: str, *, value: str, longest: int) -> str:
    """A required field of several lines, at most `longest` characters."""
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<textarea id="{name}" name="{name}" maxlength="{longest}" required>'
        f"{escape(value)}</textarea>"
    )


def choice(name: str, label: str, options: Iterable[tuple[str, str]], chosen: str) -> str:
    """A list to choose from; options are (value, words)."""
    listed = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
        f"{escape(words)}</option>"
        for value, words in options
    )
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<select id="{name}" name="{name}">{listed}</select>'
    )


def _languages(language: str, here: str) -> str:
    joiner = "&amp;" if "?" in here else "?"
    links = "".join(
        f'<a lang="{code.replace("_", "-")}" href="{escape(here)}{joiner}language={code}"'
        f"{' aria-current=true' if code == language else ''}>{name}</a>"
        for code, name in NAMES.items()
    )
    return f'<nav aria-label="{escape(_("Language"))}">{links}</nav>'
