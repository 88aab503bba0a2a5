"""Natural names in Russian, English and Chinese, and their Latin spelling for logins."""

from dataclasses import dataclass
from random import Random


def _words(text: str, separator: str | None = None) -> list[str]:
    return text.split(separator)


CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        _words("a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya", " "),
        strict=True,
    )
)

RU_WOMEN = _words("Анна Мария Дарья Полина Софья Алиса Вера Ксения Елена Ольга Ирина Юлия")
RU_MEN = _words("Иван Артём Максим Дмитрий Егор Тимофей Лев Кирилл Павел Сергей Илья Матвей")
RU_SURNAMES = _words(
    "Соколов Кузнецов Морозов Волков Лебедев Новиков Козлов Орлов Зайцев Павлов Белов Комаров "
    "Тарасов Жуков Филиппов Громов Ершов Савин Крылов Воронов Медведев Ефимов Щукин Якушев"
)

EN_NAMES = _words(
    "Emma Oliver Amelia Jack Isla Harry Ava Noah Grace Leo Lily Oscar Ruby Arthur Freya Theo "
    "Alice Henry Daisy Samuel Molly Lucas Eleanor Daniel"
)
EN_SURNAMES = _words(
    "Smith Taylor Brown Wilson Evans Thomas Roberts Walker Wright Hughes Green Hall Wood Clarke "
    "Jackson Turner Hill Cooper Ward Morris O'Brien Bennett Shaw Carter"
)

ZH_SURNAMES = _words(
    "王 Wang,李 Li,张 Zhang,刘 Liu,陈 Chen,杨 Yang,黄 Huang,赵 Zhao,吴 Wu,周 Zhou,徐 Xu,"
    "孙 Sun,马 Ma,朱 Zhu,胡 Hu,林 Lin,郭 Guo,何 He,高 Gao,罗 Luo",
    ",",
)
ZH_NAMES = _words(
    "小明 Xiaoming,子涵 Zihan,雨桐 Yutong,浩然 Haoran,思远 Siyuan,欣怡 Xinyi,宇轩 Yuxuan,"
    "佳琪 Jiaqi,梓萱 Zixuan,天宇 Tianyu,静 Jing,伟 Wei,芳 Fang,磊 Lei,雪 Xue,建国 Jianguo,"
    "晓燕 Xiaoyan,文博 Wenbo,诗涵 Shihan,俊杰 Junjie",
    ",",
)


@dataclass(frozen=True)
class Name:
    first: str
    last: str
    full: str
    login: str  # "d.sokolova": not yet unique


def draw(random: Random, language: str) -> Name:
    """A name that a person who speaks `language` (ru, en, zh) could bear."""
    return {"ru": _russian, "en": _english, "zh": _chinese}[language](random)


def latin(word: str) -> str:
    """Lower-case ASCII letters only."""
    spelled = "".join(CYRILLIC.get(letter, letter) for letter in word.lower())
    return "".join(letter for letter in spelled if letter.isascii() and letter.isalpha())


def _russian(random: Random) -> Name:
    woman = random.random() < 0.5
    first = random.choice(RU_WOMEN if woman else RU_MEN)
    last = random.choice(RU_SURNAMES) + ("а" if woman else "")
    return Name(first, last, f"{first} {last}", f"{latin(first)[0]}.{latin(last)}")


def _english(random: Random) -> Name:
    first, last = random.choice(EN_NAMES), random.choice(EN_SURNAMES)
    return Name(first, last, f"{first} {last}", f"{latin(first)[0]}.{latin(last)}")


def _chinese(random: Random) -> Name:
    last, last_latin = random.choice(ZH_SURNAMES).split()
    first, first_latin = random.choice(ZH_NAMES).split()
    return Name(first, last, last + first, f"{latin(first_latin)}.{latin(last_latin)}")
