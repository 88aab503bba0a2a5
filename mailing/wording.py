"""What every mail says besides its own text, in the recipient's language."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    why: str
    service: str
    unsubscribe: str
    view: str
    archived: str  # what stands under a letter that anybody may read
    reader: str  # who is meant where no name may stand


WORDINGS = {
    "en": Wording(
        "You get this because you take part in lessons of {school}.",
        "This is service mail about your lessons; it cannot be unsubscribed.",
        "Unsubscribe",
        "View in browser",
        "Sent by {school}. What was written to one reader alone is left out.",
        "reader",
    ),
    "ru": Wording(
        "Вы получили это письмо, потому что участвуете в занятиях: {school}.",
        "Это служебное письмо о ваших занятиях, от него нельзя отписаться.",
        "Отписаться",
        "Открыть в браузере",
        "Письмо школы: {school}. То, что написано лично получателю, здесь опущено.",
        "читатель",
    ),
    "zh": Wording(
        "您收到此邮件，是因为您参加了{school}的课程。",
        "这是与您课程有关的服务邮件，无法退订。",
        "退订",
        "在浏览器中查看",
        "由{school}发出。只写给某位读者本人的内容已略去。",
        "读者",
    ),
}


def wording(language: str) -> Wording:
    return WORDINGS.get(language.replace("-", "_").split("_")[0].lower(), WORDINGS["en"])
