"""Words and phrases that only contain a watched term are left alone, in three languages."""

import pytest

from moderation import rules
from moderation.filters import Rules, WordList, screen

WATCHED = {
    "en": "ass cock tit hell anal sex rape crap arse poo pee cum hoe tard ape rat hag git nut dick "
    "homo moron loser retard damn dork fag nazi slut idiot pig",
    "ru": "хер бля муд гад лох дура сра гей жид пид хам козел осел свин туп дрян жопа скот тварь "
    "урод чмо манда ссы суки еб",
}
BENIGN = {
    "en": """
        Essex Sussex Middlesex Wessex unisex sextant sexton sextet class classes classic classroom
        passage passenger assassin assess assembly assignment asset associate assume assure
        embassy ambassador harass compass bass brass grass glass mass massive massage assistant
        cassette trespass cocktail cockpit peacock cockatoo hancock woodcock hitchcock cockney
        title titan attitude competition constitution institute appetite petition identity
        quantity stitch titanium altitude latitude hello shell Michelle nutshell bombshell
        shellfish seashell analysis canal analogy banal psychoanalysis analyst grape drape scrape
        skyscraper therapeutic grapefruit grapevine parapet trapeze scrap scrapbook scraped
        arsenal sparse parse coarse rehearse Marseille hoarse shampoo spoon poodle Liverpool
        teaspoon pool speech speed peek peel rupees document circumstance cucumber accumulate
        incumbent shoe horseshoe phoenix echoes whoever mustard custard stardust leotard paper
        escape shape landscape newspaper grapes chapel operation strategy generation democratic
        rather pirate separate Copenhagen shaggy sarcophagus digital legitimate fugitive minute
        peanut coconut walnut doughnut dickens Dickinson medick homogeneous homonym oxymoron
        closer ignazio nazir pigment spigot epigram pigeon idiosyncratic retardant classmate
        grassland passport password compassion assorted assert tasselled eyeglasses skyscrapers
        cocktails titration entitled
    """,
    "ru": """
        парикмахер парикмахерская шумахер рубля корабля употреблять ансамбля оскорблять рублях
        мудрый мудрость умудрился махмуд бригада загадка догадался гадание угадать неплохо плохой
        глохнуть процедура дурашливый сразу сравнение гейзер Сергей апогей Альцгеймер неожиданно
        ожидать жидкость жидкий эпидемия пидгинный столпид хамелеон слухам духами мухаммед козелец
        козелок поселок поселение свинец освинцованный тупик выступить доступ преступление
        поступок уступка скотч скотобоза уродился чмокать команда мандарин процессы классы трассы
        прессы барсуки хлеб небо ребёнок требует учебник волшебный лебедь стебель жеребец
        погребать мебель поселка плохая плохих догадаться бригадир ожидает ожидание небольшой
        ребята требования преступник выступает поступил доступный рассылки одессы принцессы
        успехами стихами хамсин хамовники грехами свинопас скотовод
    """,
}
CHINESE = [
    "傻瓜相机拍的照片", "傻瓜式操作很简单", "旧衣服废物利用", "废物回收站在哪里", "工业废物处理",
    "神经病学的教授", "神经病理学导论", "变态反应科", "变态心理学课程", "昆虫的完全变态发育",
    "他们去死海旅游", "滚开水要小心", "滚开的水倒进杯子", "卤猪头肉多少钱", "猪头山的日出",
]  # fmt: skip
STARTER = Rules.from_toml(rules.starter())
STRICT = Rules(
    tuple(
        WordList(language, language, tuple(words.split())) for language, words in WATCHED.items()
    ),
    (),
)


def test_the_list_holds_enough_of_them_and_each_contains_a_watched_term() -> None:
    words = {language: said.casefold().split() for language, said in BENIGN.items()}
    assert sum(map(len, words.values())) + len(CHINESE) >= 200
    for language, said in words.items():
        terms = WATCHED[language].split()
        assert [word for word in said if not any(term in word for term in terms)] == []


@pytest.mark.parametrize("language", BENIGN)
def test_a_word_around_a_watched_one_is_not_flagged(language: str) -> None:
    for word in BENIGN[language].split():
        for said in (word, word.capitalize(), f"{word}, {word}!"):
            assert screen(STRICT, said) == [], said
        assert screen(STARTER, word) == []


def test_the_same_words_together_are_not_flagged_either() -> None:
    for said in BENIGN.values():
        assert screen(STRICT, " ".join(said.split())) == []


@pytest.mark.parametrize("said", CHINESE)
def test_a_chinese_phrase_around_a_watched_word_is_not_flagged(said: str) -> None:
    assert screen(STARTER, said) == []
