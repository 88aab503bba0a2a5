"""Parts under headings of their own: read by themselves, they make the letter that they are in."""

from itertools import combinations
from typing import Any

import pytest

from mailing import conditions, courses, lint, sections, templates, versions
from mailing.enclosing import NOTHING
from mailing.message import Addressee, Builder
from mailing.model import MailingError
from mailing.readers import Readers
from mailing.templates import Message
from tests.conftest import NOON
from tests.strict_mail import faults
from tests.test_mailing_message import ORIGIN, campaign, parsed, part

HEAD = "Hello {{ name }},\n\n- one\n- two\n\n"
A = "{% if course = A %}\n## For A\n\n- [door](http://x.test/{{ key }})\n- {{ key }}\n{% end %}\n"
B = "{% if course = B %}\n## For B\nWords{% if role = teacher %}, and more{% end %}\n{% end %}\n"
C = "{% if course = C, D %}\n### C\n\n| a | b |\n|---|---|\n| 1 | 2 |\n{% end %}\n"
END = "\n{% if not course %}Nothing.{% else %}That is all.{% end %}\n"
BODIES = {
    "a digest": HEAD + A + "\n" + B + "\n" + C + END,
    "no empty lines": HEAD + A + B + C + END,
    "nothing behind": HEAD + A + "\n" + B,
    "words between": HEAD + A + "\nWords between.\n\n" + B + "\n## Heading\n\n" + C + END,
    "a list behind": HEAD + A + "\n" + B + "\n- three\n",
    "a table behind": HEAD + C + "\n| c |\n|---|\n| 3 |\n",
    "a list behind for some": HEAD + A + "\n{% if course = B %}\n- three\n{% end %}\n",
    "code that is opened": HEAD + "```\n" + A + B + END,
    "nothing before": A + B + END,
    "a heading in a line": HEAD + "Words {% if course = A %}## A{% end %} and more\n" + B,
    "no new line": HEAD + "Words {% if course = A %}## A\n{% end %}{% if course = B %}## B\n"
    "{% end %}\nWords\n",
    "in a list": HEAD + "- three\n\n  " + A + "\n" + B + "\n  still three\n",
    "fields alone": "{{ name }}\n\n" + A + B,
}
KNOWN = [
    {"name": "Ana", "key": "<k&", "role": role, "course": "; ".join(chosen)}
    for role in ("teacher", "student")
    for number in range(4)
    for chosen in combinations("ABC", number)
]


def letter(builder: Builder, known: dict[str, str]) -> Any:
    person = Addressee("d" * 32, "c.d@school.example", "Ana", "ana@school.example", "ru", known)
    envelope = builder.build(person, now=NOON)
    assert faults(envelope.data) == []
    return parsed(envelope)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_letter_is_the_one_that_its_whole_text_makes(body: str) -> None:
    builder = Builder(campaign(subject="S", body=body), "School 14", "ru", ORIGIN)
    for known in KNOWN:
        got = letter(builder, known)
        whole = templates.render(
            Message({"ru": "S"}, {"ru": body}), known, language="ru", school="School 14"
        )
        html = part(got, "html").replace("\r\n", "\n")
        start, end = '<h1 style="', '<p class="quiet" style="margin:24px'
        assert _between(html, start, end) == _between(whole.html, start, end)
        text = part(got, "plain").replace("\r\n", "\n").partition("\n\n-- \n")[0]
        assert text.split() == whole.text.partition("\n\n-- \n")[0].split()


def _between(html: str, start: str, end: str) -> str:
    return html[html.index(start) : html.index(end)]


def test_a_digest_is_cut_and_what_could_not_stand_alone_is_not() -> None:
    found = {
        name: len(sections.split(conditions.parse(body)).sections) for name, body in BODIES.items()
    }
    assert found == {
        "a digest": 3, "no empty lines": 3, "nothing behind": 2, "words between": 3,
        "a list behind": 0, "a table behind": 0, "a list behind for some": 0,
        "code that is opened": 0, "nothing before": 0, "a heading in a line": 1,
        "no new line": 0, "in a list": 0, "fields alone": 2,
    }  # fmt: skip


def test_each_section_is_read_once_however_its_readers_combine_them() -> None:
    body = HEAD + "".join(f"{{% if course = {n} %}}\n## C{n}\n{{% end %}}\n\n" for n in range(12))
    read: list[str] = []

    def compiled(subject: str, text: str) -> templates.Template:
        read.append(text)
        return templates.compile_(subject, text, language="en", school="S")

    made = versions.Versions("S", body, compiled, "=_b")
    for chosen in combinations(range(12), 3):
        version = made.of({"course": "; ".join(map(str, chosen))})
        said = "".join(each for each in version.template.html if isinstance(each, str))
        assert [n for n in range(12) if f"C{n}<" in said] == list(chosen)
    assert len(read) == 2  # for its faults, and the text around them


def test_more_conditions_are_allowed_where_each_stands_by_itself() -> None:
    many = range(conditions.MOST + 1)
    digest = HEAD + "".join(f"{{% if course = {n} %}}\n## {n}\n{{% end %}}\n" for n in many)
    assert lint.findings({"en": "S"}, {"en": digest}) == []
    mixed = HEAD + "".join(f"{{% if course = {n} %}}{n}{{% end %}}" for n in many)
    with pytest.raises(MailingError, match="at most 60 different"):
        conditions.parse(mixed)
    too_many = "{% if a %}\n# A\n{% end %}\n" * (conditions.SECTIONS + 1)
    with pytest.raises(MailingError, match="at most 2000 parts"):
        conditions.parse(too_many)


def test_a_field_that_is_none_in_a_section_is_refused() -> None:
    with pytest.raises(MailingError, match="is not a field"):
        Builder(campaign(body=HEAD + "{% if a %}\n# A {{ 1 }}\n{% end %}\n"), "S", "ru", ORIGIN)


def test_gaps_in_a_section_are_told_of_those_alone_who_get_it() -> None:
    readers = Readers(campaign(subject="S", body=BODIES["fields alone"]), NOTHING)
    for name, key, course in (("Ana", "", "A; B"), ("Ben", "k", "A"), ("Cy", "", "B")):
        readers.see(name, "ru", {"name": name, "key": key, "course": course, "role": "teacher"})
    readers.see("Di", "ru", {"name": " ", "course": "A", "key": "k"})
    readers.see("Eve", "ru", {"name": "", "course": "D"})
    found = {each.field: each.who for each in readers.findings() if each.field}
    assert found == {"key": ("Ana",), "name": ("Di", "Eve")}
    empty = [each for each in readers.findings() if each.forbids]
    assert [each.who for each in empty] == [("Eve",)]


def test_a_section_for_nobody_is_remarked() -> None:
    readers = Readers(campaign(subject="S", body=BODIES["a digest"]), NOTHING)
    readers.see("Ana", "ru", {"name": "Ana", "course": "B; C", "role": "student", "key": "k"})
    told = [str(each) for each in readers.for_nobody()]
    assert [each.partition(":")[0] for each in told] == ["Line 6", "Line 15", "Line 26"]


def test_a_mark_is_short_and_the_courses_own() -> None:
    marks = {courses.mark(f"course {n}") for n in range(1_000)}
    assert len(marks) == 1_000
    assert {len(each) for each in marks} == {10}
