"""Keep the catalogues whole: `python -m console.catalogues` brings the .po files up to date.

It collects every sentence in `_()`, `N_()` and `ngettext()` of the house, keeps the
translations that are there, and prints what still wants one.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from console.i18n import LOCALE

HOUSE = Path(__file__).parents[1]
ROOMS = ("console", "probes", "moderation", "mailing", "platforms", "store")
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
TRANSLATED = ("ru", "zh_Hans")
DOMAIN = "pult"
BORN = datetime(2026, 1, 1, tzinfo=UTC)  # of today, each run would change the files


def sentences() -> Catalog:
    """All that the house says, as English templates."""
    catalog = Catalog(project="Pult", domain=DOMAIN, charset="utf-8")
    for room in ROOMS:
        found = extract_from_dir(HOUSE / room, [("**.py", "python")], keywords=KEYWORDS)
        for _file, _line, said, _comments, _context in found:
            catalog.add(said)
    return catalog


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
    told = message.string if isinstance(message.string, tuple) else (message.string,)
    english = message.id if isinstance(message.id, tuple) else (message.id,)
    if not all(told):
        yield f"no translation: {english[0]!r}"
        return
    wanted = set().union(*(places(each) for each in english))
    for each in told:
        if places(each) != wanted:
            yield f"other places: {english[0]!r} -> {each!r}"


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
