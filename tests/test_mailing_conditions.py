"""Parts of a letter for some readers: chosen as written, wrong ones refused by line."""

import gc

import pytest

from mailing import campaigns, conditions, lint, releasing, versions
from mailing.message import Addressee, Builder
from mailing.model import MailingError
from mailing.multipart import Multipart
from mailing.segments import Segment
from store import access, roster
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.cast import SENDER
from tests.conftest import NOON
from tests.strict_mail import faults
from tests.test_mailing_message import ORIGIN, campaign, parsed, part

TEXT = """Hello {{ name }},

- everybody
{% if role = teacher, staff %}
- the staff room is open
{% else %}
- bring your book
{% end %}
- the end

You are {% if level = city %}from the city{% else %}from {{ level }}{% end %}."""


def letter(body: str, subject: str = "S", **known: str) -> str:
    builder = Builder(campaign(subject=subject, body=body), "School 14", "ru", ORIGIN)
    person = Addressee("d" * 32, "c.d@school.example", "Ana", "ana@school.example", "ru", known)
    envelope = builder.build(person, now=NOON)
    assert faults(envelope.data) == []
    return part(parsed(envelope), "plain").replace("\r\n", "\n").partition("\n\n-- \n")[0]


def test_each_reader_gets_the_parts_meant_for_her_and_lists_stay_whole() -> None:
    teacher = letter(TEXT, name="Ana", role="teacher", level="city")
    assert teacher == (
        "Hello Ana,\n\n- everybody\n- the staff room is open\n- the end\n\nYou are from the city."
    )
    pupil = letter(TEXT, name="Pia", role="student", level="district")
    assert pupil == (
        "Hello Pia,\n\n- everybody\n- bring your book\n- the end\n\nYou are from district."
    )


@pytest.mark.parametrize(
    ("condition", "known", "holds"),
    [
        ("if role", {"role": "teacher"}, True),
        ("if role", {"role": " "}, False),
        ("if not role", {}, True),
        ("if role == Teacher", {"role": "teacher"}, True),
        ("if role != teacher", {"role": "teacher"}, False),
        ("if not role = teacher", {"role": "student"}, True),
        ("if group = 7 B, 7 C", {"group": "7  c"}, True),
        ("if course = Algebra", {"course": "Algebra; Geometry"}, True),
        ("if course = Alg", {"course": "Algebra; Geometry"}, False),
        ("if level = “city”", {"level": "city"}, True),
        ("если не role = teacher", {"role": "student"}, True),
        ("如果 role = teacher、staff", {"role": "staff"}, True),
        ("if name = {{ name }}", {"name": "{{ name }}"}, True),
    ],
)
def test_a_condition_compares(condition: str, known: dict[str, str], holds: bool) -> None:
    said = conditions.fitted(f"{{% {condition} %}}yes{{% end %}}", known)
    assert said == ("yes" if holds else "")


def test_conditions_stand_within_each_other_and_in_the_subject() -> None:
    body = "{% if a %}A{% if b %}B{% else %}-{% end %}{% end %}."
    said = [conditions.fitted(body, known) for known in ({}, {"a": "1"}, {"a": "1", "b": "1"})]
    assert said == [".", "A-.", "AB."]
    builder = Builder(
        campaign(subject="{% if role = teacher %}Staff{% else %}All{% end %}", body="x"),
        "School 14", "ru", ORIGIN,
    )  # fmt: skip
    for role, subject in (("teacher", "Staff"), ("student", "All")):
        person = Addressee("d" * 32, "c.d@school.example", "A", "a@x.example", "", {"role": role})
        assert parsed(builder.build(person, now=NOON))["Subject"] == subject


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("a\n{% if role = teacher %}\nb", "Line 2: “{% if role = teacher %}” is never closed"),
        ("a\n\n{% end %}", "Line 3: “{% end %}” stands without an “if”"),
        ("{% if a %}{% else %}\n{% else %}{% end %}", "Line 2: there is an “else” already"),
        ("x\n{% if role is teacher %}x{% end %}", "Line 2: “{% if role is teacher %}” is no cond"),
        ("x\n{% for a in b %}", "Line 2: “{% for a in b %}” is no condition"),
        ("x\ny {% if role", "Line 2: a condition is opened with {% and not closed"),
        ("x\n{{ 1 + 1 }}", "Line 2: “{{ 1 + 1 }}” is not a field"),
        ("x\n\n{{ name", "Line 3: a field is opened"),
    ],
)
def test_what_is_wrong_is_told_by_its_line_and_stops(written: str, words: str) -> None:
    with pytest.raises(MailingError) as refused:
        conditions.asked(written)
    assert str(refused.value).startswith(words)
    found = lint.findings({"en": "S"}, {"en": written})
    assert found[0].stops
    assert str(found[0].words).startswith(words)


def test_a_value_is_never_a_condition() -> None:
    said = letter("Hi {{ name }}!", name="{% if role %}x{% end %}", role="teacher")
    assert said == "Hi {% if role %}x{% end %}!"


def test_ten_conditions_make_no_more_versions_in_memory_than_are_kept() -> None:
    before = alive(Multipart)
    body = "x" + "".join(f"{{% if f{n} %}}{n}{{% end %}}" for n in range(10))
    builder = Builder(campaign(body=body), "School 14", "ru", ORIGIN)
    for at in range(1024):
        known = {f"f{n}": "1" for n in range(10) if at >> n & 1}
        person = Addressee("d" * 32, "c.d@x.example", "A", "a@x.example", "ru", known)
        builder.build(person, now=NOON)
    assert alive(Multipart) - before <= versions.KEPT + 1


def alive(kind: type) -> int:
    gc.collect()
    return sum(type(each) is kind for each in gc.get_objects())


def released(database: Database, actor: Actor, school: School, body: str) -> str:
    with database.begin() as tx:
        id_ = campaigns.draft(
            tx, actor, school.id, subject={"en": "S"}, body={"en": body},
            segment=Segment(everyone=True), sender=SENDER, now=NOON,
        )  # fmt: skip
        releasing.release(tx, actor, id_, anyway="A trial", now=NOON)
    return id_


@pytest.fixture
def pupils(database: Database, school: School) -> dict[str, str]:
    """Ana and Ben; Ben takes Algebra and Geometry."""
    pult = access.system(school.id)
    with database.begin() as tx:
        ids = {
            name: roster.save_person(
                tx, pult, school.id, name=name, email=f"{name.lower()}@school.test",
                source="test", now=NOON,
            )
            for name in ("Ana", "Ben")
        }  # fmt: skip
        for course in ("Algebra", "Geometry"):
            values = {"course": course, "person": ids["Ben"], "school": school.id}
            tx.execute(
                text("""
                    INSERT INTO course (id, school_id, external_id, name, gone, updated_at)
                    VALUES (:course, :school, :course, :course, FALSE, 0)
                """),
                values,
            )
            tx.execute(
                text("INSERT INTO enrolment VALUES (:course, :person, :school, 'student')"), values
            )
    return ids


def test_courses_decide_and_the_preview_is_the_persons_own(
    database: Database, ana: Actor, school: School, pupils: dict[str, str]
) -> None:
    body = "{% if course = geometry %}Bring a compass.{% else %}Rest.{% end %} {{ course }}"
    id_ = released(database, ana, school, body)
    with database.read() as tx:
        seen = {
            name: campaigns.preview(tx, ana, id_, person).text.partition("\n")[0]
            for name, person in pupils.items()
        }
        frozen = tx.execute(text("SELECT fields FROM delivery WHERE name = 'Ben'")).scalar_one()
    assert seen == {"Ana": "Rest. ", "Ben": "Bring a compass. Algebra; Geometry"}
    assert "Algebra; Geometry" in frozen


def test_a_field_that_nobody_has_is_told_by_its_line() -> None:
    texts = {"en": "Hi\n{{ nmae }}\n\n{% if rloe = teacher %}x{% end %}"}
    found = lint.unknown({"en": "{{ room }}"}, texts, ["name", "role"])
    assert [str(words) for words in found] == [
        "Subject: nobody who is meant has a field “room”. There are: name, role.",
        "Line 2: nobody who is meant has a field “nmae”. There are: name, role.",
        "Line 4: nobody who is meant has a field “rloe”. There are: name, role.",
    ]
    assert lint.unknown({"en": "S"}, {"en": "{{ name }}"}, ["name"]) == []
