"""Lists that Pult begins with are named in the reader's language wherever they are shown."""

from console.i18n import say, speaking
from console.views import audit_words, rule_names
from moderation import harm, rules
from store.words import Words


def test_each_starter_list_has_its_name_in_every_language_and_a_school_s_own_stays() -> None:
    for each in rules.built(rules.starter()).lists:
        for language in ("ru", "zh_Hans"):
            with speaking(language):
                assert rule_names.spoken(each.name) != each.name
    with speaking("ru"):
        assert rule_names.spoken("Ours") == "Ours"


def test_a_badge_and_a_settled_action_are_said_in_words() -> None:
    reason = Words(harm.WATCHED, {"rule": "Insults (Russian)", "count": 1})
    with speaking("zh_Hans"):
        assert "辱骂（俄语）" in say(rule_names.in_words(reason), markdown=False)
        assert audit_words.outcome("let go") != "let go"
