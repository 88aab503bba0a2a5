"""Keep the catalogues whole: `python -m console.catalogues` brings the .po files up to date.

It collects every sentence in `_()`, `N_()` and `ngettext()` of the house, keeps the
translations that are there, and prints what still wants one.
"""

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from console.i18n import LOCALE

HOUSE = Path(__file__).parents[1]
ROOMS = ("console", "probes", "moderation", "mailing", "platforms", "store")
KEYWORDS = {"_": 1, "N_": 1, "ngettext": 2}  # how many of the arguments are sentences
TRANSLATED = ("ru", "zh_Hans")
DOMAIN = "pult"
BORN = datetime(2026, 1, 1, tzinfo=UTC)  # of today, each run would change the files


def sentences() -> Catalog:
    """All that the house says, as English templates."""
    catalog = Catalog(project="Pult", domain=DOMAIN, charset="utf-8")
    for room in ROOMS:
        for file in sorted((HOUSE / room).rglob("*.py")):
            for said in said_in(file.read_text(encoding="utf-8")):
                catalog.add(said)
    return catalog


def said_in(source: str) -> Iterator[str | tuple[str, str]]:
    """The sentences of one module, those within f-strings too, which Babel passes over."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or _name(node.func) not in KEYWORDS:
            continue
        count = KEYWORDS[_name(node.func)]
        words = [arg.value for arg in node.args[:count] if isinstance(arg, ast.Constant)]
        texts = [word for word in words if isinstance(word, str)]
        if len(texts) == count and texts[0]:
            yield texts[0] if count == 1 else (texts[0], texts[1])


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(language: str) -> Catalog:
    with path(language).open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def update(language: str) -> Catalog:
    """Write the catalogue with today's sentences; what nobody says any more goes."""
    catalog = read(language) if path(language).exists() else Catalog(language, DOMAIN)
    catalog.update(sentences(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.fuzzy = False
    catalog.project, catalog.version = "Pult", "1"
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    catalog.header_comment = "# Pult, in the words of a coordinator."
    catalog.creation_date = catalog.revision_date = BORN
    path(language).parent.mkdir(parents=True, exist_ok=True)
    with path(language).open("wb") as file:
        write_po(file, catalog, width=100, no_location=True, sort_output=True)
    return catalog


def faults(catalog: Catalog) -> Iterator[str]:
    """Sentences without a translation, and translations that name other places to fill."""
    for message in catalog:
        if message.id:
            yield from _faults_of(message)


def _faults_of(message: Message) -> Iterator[str]:
    english, told = _forms(message.id), _forms(message.string)
    if not all(told):
        yield f"no translation: {english[0]!r}"
        return
    wanted = set().union(*(places(each) for each in english))
    for each in told:
        if places(each) != wanted:
            yield f"other places: {english[0]!r} -> {each!r}"


def _forms(said: Any) -> tuple[str, ...]:
    """The sentence in each of its plural forms; one that has none is its only form."""
    return tuple(said) if isinstance(said, tuple | list) else (said or "",)


def places(template: str) -> set[str]:
    """The names in braces; raises ValueError for a template that cannot be filled."""
    return {name for _text, name, _spec, _conversion in Formatter().parse(template) if name}


def main() -> int:
    found = [(language, fault) for language in TRANSLATED for fault in faults(update(language))]
    for language, fault in found:
        sys.stdout.write(f"{language}: {fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
