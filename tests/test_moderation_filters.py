"""Watched words are found however they are disguised, and only they."""

import io
import json
import string

import pytest

from benchmarks.disguises import confusable
from moderation import rules, screening
from moderation.filters import Rules, RulesError, WordList, screen
from moderation.folds import cells

STARTER = Rules.from_toml(rules.starter())
DISGUISED = [
    ("you idіоt, go", "idіоt"),  # Cyrillic і and о
    ("what a bl0ckhe4d!", "bl0ckhe4d"),
    ("1d10t", "1d10t"),
    ("!diot", "!diot"),
    ("an idiot!", "idiot"),
    ("id\u200bi\u00adot", "id\u200bi\u00adot"),
    ("a b l o c k h e a d, go home", "b l o c k h e a d"),
    ("p.e.a.b.r.a.i.n", "p.e.a.b.r.a.i.n"),
    ("dumbheeeead strikes", "dumbheeeead"),
    ("𝕚𝕕𝕚𝕠𝕥 😀 ⓘⓓⓘⓞⓣ", "𝕚𝕕𝕚𝕠𝕥"),
    ("😀😀 morons", "morons"),
    ("6ecтoлочь, учи", "6ecтoлочь"),
    ("ты дypaк", "дypaк"),
    ("Опять баааалбес пишет", "баааалбес"),
    ("т.у.п.и.ц.а!", "т.у.п.и.ц.а"),
    ("говорил с дураками", "дураками"),
    ("дур@к", "дур@к"),
    ("你真是个大笨蛋，这么", "笨蛋"),
    ("笨 蛋，回家", "笨 蛋"),
    ("傻*瓜又来", "傻*瓜"),
    ("蠢貨", "蠢貨"),
    ("你這個腦殘", "腦殘"),
    ("an idiօt", "idiօt"),  # Armenian օ
    ("ɪᴅɪᴏᴛ", "ɪᴅɪᴏᴛ"),
    ("🅸🅳🅸🅾🆃!", "🅸🅳🅸🅾🆃"),
    ("🇮 🇩 🇮 🇴 🇹", "🇮 🇩 🇮 🇴 🇹"),
    ("ⒾⒹⒾⓄⓉ łoser", "łoser"),
    ("ΙDΙΟΤ", "ΙDΙΟΤ"),  # Greek capitals
    ("ldiot, lDlOT", "lDlOT"),  # a small l for the capital I
    ("a Ioser", "Ioser"),
    ("i      d      i      o      t", "i      d      i      o      t"),
    ("ты в д.у.р.а.к.е", "д.у.р.а.к.е"),
    ("дурак🇷🇺🇷🇺", "дурак"),
    ("ты дүрακ", "дүрακ"),
    ("儍瓜", "儍瓜"),  # a variant that is neither simplified nor traditional
    ("傻      瓜", "傻      瓜"),
    ("ты ид\nиот", "ид\nиот"),  # cut by a line break, one half alone in its line
    ("тупи\r\nца ты, вот кто", "тупи\r\nца"),
    ("what a mo\nron!", "mo\nron"),
]
BENIGN = [
    "Scunthorpe and Penistone",
    "oxymoron, idiom, idiosyncratic",
    "closer closet loses",
    "Samsung A55 and a 1080p screen",
    "неплохо, глохнуть, колхоз",
    "уродился урожай, природа народа",
    "дурашливый сурдоперевод",
    "озеро Лох-Несс",
    "太笨。蛋糕很好吃",
    "傻瓜相机和废物利用",
    "i. e. a. b. c.",
    "",
    "Ice, Iris and the IT lab in LA",
    "Це ідіома, і їхній дім",
    "Ο ήλιος λάμπει, Երևանը մեծ է, שלום לכולם, السلام عليكم",
    "🇬🇧 🇷🇺 🇨🇳",
    "ロボットとタンパク質",
    "встань и иди\nот окна к двери",  # words of their own, as verses end and begin
    "Иди,\nот окна к двери",
    "грех\nи покаяние",
    "Иди\nот окна",
    "Кто идет?\nИди\r\nот него",
    "Balloons in the air\nHead\nnorth",
]


PAUSED = [
    ("so i want to\ndie", "want to\ndie"),
    ("i want to... die", "want to... die"),
    ("i want… to… die", "want… to… die"),
    ("i want to - die", "want to - die"),
    ("i want to, die", "want to, die"),
    ("I want to 😭 die", "want to 😭 die"),
    ("> I don't want\n> to live", "don't want\n> to live"),
    ("я не хочу... жить", "не хочу... жить"),
    ("wаnt to\r\n\r\ndiе", "wаnt to\r\n\r\ndiе"),  # Cyrillic а and е
    ("i want to... d.i.e", "want to... d.i.e"),
    ("want\nto die. Laughing at me again", "want\nto die"),  # a harmless phrase, in two sentences
    ("i want to die, in the game", "want to die"),
    ("i want to die\n\nlaughing they were", "want to die"),
    ("我。。。想。。。死", "我。。。想。。。死"),
    ("我想😭死", "我想😭死"),
]
UNPAUSED = [
    "I want\nto die laughing",
    "I want to die\n> laughing",
    "he beats\nme at chess, always",
    "Who is afraid to go? Home is near",
    "Do not tell! Your parents know",
    "不，想活下去",
    "我不敢。回家吧",
]


@pytest.mark.parametrize(("said", "meant"), PAUSED)
def test_a_cry_for_help_is_heard_over_breaks_dots_dashes_and_pictures(
    said: str, meant: str
) -> None:
    flags = screen(STARTER, said)
    assert [said[flag.start : flag.end] for flag in flags if flag.welfare] == [meant]


@pytest.mark.parametrize("said", UNPAUSED)
def test_no_alarm_is_read_over_the_end_of_a_question_nor_into_a_harmless_phrase(said: str) -> None:
    assert screen(STARTER, said) == []


def test_every_phrase_of_the_starter_lists_is_heard_wherever_a_mail_program_cuts_it() -> None:
    said = [
        f"so {' '.join(words[:at])}\n{' '.join(words[at:])} now"
        for each in STARTER.lists
        if each.welfare
        for words in map(str.split, each.terms)
        for at in range(1, len(words))
    ]
    assert len(said) > 800
    assert [one for one in said if not any(flag.welfare for flag in screen(STARTER, one))] == []


def test_insults_of_two_words_are_not_read_over_a_sentences_end() -> None:
    assert screen(STARTER, "He would not shut. Up he went") == []


def test_a_rule_never_hides_for_a_word_that_a_line_break_is_read_over() -> None:
    hides = Rules((WordList("own", "en", ("idiot",), hide=True),), ())
    assert [flag.hide for flag in screen(hides, "an idiot")] == [True]
    assert [flag.hide for flag in screen(hides, "an id\niot")] == [False]


# What the standard names as alike and no reading takes for it, for the reasons in docs/rules.md.
LEFT_OUT = {"f": "ſ", "i": "l˛ͺ", "u": "ʋ", "y": "ᶌ"}
WORDS = {
    "en": ("hu{}mbk", string.ascii_lowercase),
    "ru": ("жу{}щфд", "абвгдежзиклмнопрстуфхцчшщъыьэюя"),
}


@pytest.mark.parametrize("language", WORDS)
def test_every_character_that_unicode_names_as_alike_is_read_as_the_letter(language: str) -> None:
    word, letters = WORDS[language]
    for letter in letters:
        watched = Rules((WordList("own", language, (word.format(letter),)),), ())
        missed = [one for one in confusable(letter) if not screen(watched, word.format(one))]
        assert "".join(missed) == (LEFT_OUT.get(letter, "") if language == "en" else "")


@pytest.mark.parametrize(("said", "meant"), DISGUISED)
def test_a_disguised_insult_is_found_at_its_place(said: str, meant: str) -> None:
    flags = screen(STARTER, said)
    assert meant in [said[flag.start : flag.end] for flag in flags]


@pytest.mark.parametrize("said", BENIGN)
def test_a_word_that_only_contains_one_is_left_alone(said: str) -> None:
    assert screen(STARTER, said) == []


def test_a_long_repetition_is_screened_with_a_bounded_number_of_flags() -> None:
    assert len(screen(STARTER, "idiot б a л б e с " * 2000)) == 200


def test_no_sign_is_read_as_more_than_four_letters() -> None:
    signs = map(chr, [*range(0x2000, 0x3400), *range(0xF900, 0x10000)])
    assert max(len(cells(sign)[0]) for sign in signs) == 4
    said = "\ufdfa" * 1000 + " you idiot"
    assert cells(said)[0] == said
    (flag,) = screen(STARTER, said)
    assert said[flag.start : flag.end] == "idiot"
    blessing = Rules((WordList("signs", "en", ("\ufdfa",)),), ())
    assert len(screen(blessing, "so \ufdfa so")) == 1


def test_however_many_insults_there_are_no_welfare_word_of_any_kind_is_missed() -> None:
    assert len(STARTER._matcher.find("you idiot " * 3000, 1000)) == 1000
    cries = "idiot " * 3000 + "i want to end my life " * 500 + "my dad hits me"
    assert {flag.welfare for flag in screen(STARTER, cries)} == {None, "self-harm", "abuse"}
    assert "my dad hits me" in {cries[flag.start : flag.end] for flag in screen(STARTER, cries)}


def test_many_harmless_phrases_hide_no_insult_after_them() -> None:
    said = "废物利用，" * 1500 + "你是废物"
    (flag,) = screen(STARTER, said)
    assert (flag.start, flag.end) == (len(said) - 2, len(said))


def test_a_pattern_is_found_by_code_points_and_case() -> None:
    made = Rules.from_toml('[[pattern]]\nname = "phone"\nexpression = "\\\\+7[0-9 ]{10,}"')
    (flag,) = screen(made, "😀 звони +7 900 123 45 67")
    assert (flag.rule, flag.kind, flag.start, flag.end) == ("phone", "pattern", 8, 24)


@pytest.mark.parametrize(
    "written",
    [
        "[[list",
        '[[list]]\nname = "x"\nterms = []',
        '[[list]]\nterms = ["a"]',
        '[[lists]]\nname = "x"\nterms = ["a"]',
        '[[pattern]]\nname = "x"\nexpression = "(?=a)"',
        '[[pattern]]\nname = "x"\nexpression = ""',
    ],
)
def test_bad_rules_are_refused_with_a_sentence(written: str) -> None:
    with pytest.raises(RulesError, match=r"\w+ \w+"):
        Rules.from_toml(written)


@pytest.mark.parametrize(
    "second",
    [
        '[[list]]\nname = "x"\nwelfare = "self-harm"\nterms = ["suicide"]',
        '[[pattern]]\nname = "x"\nexpression = "a+"\nhide = true',
    ],
)
def test_two_rules_of_one_name_are_refused_by_that_name(second: str) -> None:
    first = '[[list]]\nname = "x"\nterms = ["idiot"]'
    with pytest.raises(RulesError, match="are named “x”"):
        Rules.from_toml(f"{first}\n{second}")


def test_ndjson_answers_line_by_line() -> None:
    out, errors = io.StringIO(), io.StringIO()
    lines = ['{"id": 7, "text": "you moron"}\n', "\n", '{"id": "8", "text": "hello"}\n']
    assert screening.run(STARTER, lines, out, errors) == 0
    first, second = map(json.loads, out.getvalue().splitlines())
    flag = {"rule": "Insults (English)", "term": "moron", "start": 4, "end": 9}
    assert (first, second) == ({"id": 7, "flags": [flag]}, {"id": "8", "flags": []})
    assert errors.getvalue() == ""


@pytest.mark.parametrize("line", ["nonsense", '{"text": "a"}', '{"id": 1}', "[]"])
def test_a_line_that_is_not_ours_ends_with_2_and_says_which(line: str) -> None:
    out, errors = io.StringIO(), io.StringIO()
    assert screening.run(STARTER, ['{"id": 1, "text": ""}', line], out, errors) == 2
    assert "Line 2" in errors.getvalue()
