"""Each has one appointment, the last that was made for it."""

from probes.agenda import Agenda


def test_who_is_due_is_told_once_in_the_order_of_the_moments() -> None:
    agenda: Agenda[str] = Agenda()
    for who, moment in (("late", 3.0), ("b", 2.0), ("a", 1.0), ("c", 2.0)):
        agenda.set(who, moment)
    assert agenda.next() == 1.0
    assert list(agenda.due(2.5)) == [(1.0, "a"), (2.0, "b"), (2.0, "c")]
    assert list(agenda.due(2.5)) == []
    assert agenda.next() == 3.0


def test_a_new_appointment_takes_the_place_of_the_other() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.set("sooner", 5.0)
    agenda.set("sooner", 1.0)
    agenda.set("later", 1.0)
    agenda.set("later", 5.0)
    agenda.set("twice", 1.0)
    agenda.set("twice", 1.0)
    assert list(agenda.due(1.0)) == [(1.0, "sooner"), (1.0, "twice")]
    assert list(agenda.due(9.0)) == [(5.0, "later")]


def test_who_is_forgotten_is_not_due() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.set("gone", 1.0)
    agenda.forget("gone")
    agenda.forget("never there")
    assert list(agenda.due(1.0)) == []
    assert agenda.next() is None


def test_who_is_due_may_be_set_again_meanwhile() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.set("a", 1.0)
    seen = []
    for moment, who in agenda.due(3.0):
        seen.append(moment)
        agenda.set(who, moment + 1.0)
    assert seen == [1.0, 2.0, 3.0]
    assert agenda.next() == 4.0
