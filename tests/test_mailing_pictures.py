"""Letters in a browser: light and dark, wide and narrow, each legible, none too wide."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from mailing import templates
from mailing.starters import STARTERS
from mailing.templates import Message
from store.schools import LANGUAGES
from tests import browsing
from tests.test_mailing_invitations import invited, parsed_bytes
from tests.test_mailing_message import part

LEAST = 4.5  # contrast of words, WCAG 2.2, 1.4.3
CONTRAST = """() => {
  const light = rgb => {
    const [r, g, b] = rgb.match(/[0-9.]+/g).map(Number).map(v => {
      v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) {
    const own = getComputedStyle(e).backgroundColor;
    if (own !== 'rgba(0, 0, 0, 0)') return own; } };
  return [...document.querySelectorAll('p, h1, h2, li, a, pre, td')].filter(e => e.innerText.trim())
    .map(e => { const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); });
}"""

WORD = "Rhabarberbarbarabarbarbarenbartbarbierbierbar" * 4
WIDE = {
    "a block of code": f"```\nssh pult@{'very-' * 40}long.school.example --verbose\n```",
    "an indented block": f"Before:\n\n    {'x = ' * 60}{WORD}",
    "code in a line": f"Type `{'a/' * 120}` there",
    "a long word": WORD,
    "an address": f"<https://school.example/{'room' * 60}?{'q=1&' * 40}>",
    "an address in an item": f"- one\n  - two\n    - https://school.example/{'room' * 60}",
    "a button": f"[{WORD}](https://school.example/)",
    "a table": f"| a | b | c | d | e | f |\n|-|-|-|-|-|-|\n|{'|'.join(['Mathematics 7 B'] * 6)}|",
    "a table of addresses": f"| when | where |\n|-|-|\n| Monday | https://x.example/{'r' * 150} |",
    "a quotation": f"> > > {WORD}",
    "a title": f"# {WORD}",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as found:
        yield found


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 900])
def test_every_ready_text_is_legible_and_fits(browser: Browser, theme: str, width: int) -> None:
    context = browser.new_context(
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": width, "height": 700},
    )
    page: Page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for language in LANGUAGES:
        for starter in STARTERS.values():
            page.set_content(part(parsed_bytes(invited(starter, language)), "html"))
            fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            assert page.evaluate(fits), (starter.name, language)
            assert min(page.evaluate(CONTRAST)) >= LEAST, (starter.name, language)
    assert asked == []
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390])
def test_nothing_that_cannot_be_broken_widens_a_letter_on_a_phone(
    browser: Browser, theme: str, width: int
) -> None:
    context = browser.new_context(
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": width, "height": 700},
    )
    page: Page = context.new_page()
    for what, body in WIDE.items():
        message = Message({"en": WORD}, {"en": f"{body}\n\n{{{{ name }}}}"})
        letter = templates.render(message, {"name": WORD}, language="en", school=WORD)
        page.set_content(letter.html)
        fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert page.evaluate(fits), what
        assert min(page.evaluate(CONTRAST)) >= LEAST, what
    context.close()
