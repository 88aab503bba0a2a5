"""Texts to begin with for an emergency, in three languages; the facts come from the incident."""

from collections.abc import Mapping
from dataclasses import dataclass

from store.words import N_


@dataclass(frozen=True)
class Begun:
    name: str
    subject: Mapping[str, str]
    body: Mapping[str, str]


BEGUN = (
    Begun(
        N_("Trouble with a lesson"),
        {
            "en": "{{ lesson }}: we are on it",
            "ru": "{{ lesson }}: мы уже разбираемся",
            "zh_Hans": "{{ lesson }}：我们正在处理",
        },
        {
            "en": "Hello {{ name }},\n\n**{{ what }}** (since {{ since }}). We are on it.\n\n"
            "Please wait; you need not do anything. The lesson's link stays the same: "
            "[come in]({{ link }}). We write again as soon as it works.",
            "ru": "Здравствуйте, {{ name }}!\n\n**{{ what }}** (с {{ since }}). "
            "Мы уже разбираемся.\n\nПожалуйста, подождите: делать ничего не нужно. "
            "Ссылка на занятие не меняется: [войти]({{ link }}). "
            "Как только всё заработает, мы напишем.",
            "zh_Hans": "{{ name }}，您好！\n\n**{{ what }}**（自 {{ since }} 起）。"
            "我们正在处理。\n\n请稍候，您无需操作。上课链接不变：[进入教室]({{ link }})。"
            "恢复后我们会再次通知。",
        },
    ),
    Begun(
        N_("The lesson has moved"),
        {
            "en": "{{ lesson }} goes on in another room",
            "ru": "{{ lesson }}: занятие в другом классе",
            "zh_Hans": "{{ lesson }} 已更换教室",
        },
        {
            "en": "Hello {{ name }},\n\n**{{ lesson }} goes on in another room.** {{ note }}\n\n"
            "[Come in]({{ link }})",
            "ru": "Здравствуйте, {{ name }}!\n\n**{{ lesson }}: занятие продолжается "
            "в другом классе.** {{ note }}\n\n[Войти]({{ link }})",
            "zh_Hans": "{{ name }}，您好！\n\n**{{ lesson }} 已更换教室，继续上课。** {{ note }}"
            "\n\n[进入教室]({{ link }})",
        },
    ),
    Begun(
        N_("It is over"),
        {
            "en": "{{ lesson }}: it works again",
            "ru": "{{ lesson }}: всё снова работает",
            "zh_Hans": "{{ lesson }}：已恢复正常",
        },
        {
            "en": "Hello {{ name }},\n\n**It works again.** {{ note }}\n\n[Come in]({{ link }})\n\n"
            "Thank you for your patience.",
            "ru": "Здравствуйте, {{ name }}!\n\n**Всё снова работает.** {{ note }}\n\n"
            "[Войти]({{ link }})\n\nСпасибо за терпение.",
            "zh_Hans": "{{ name }}，您好！\n\n**一切已恢复正常。** {{ note }}\n\n"
            "[进入教室]({{ link }})\n\n感谢您的耐心等待。",
        },
    ),
)
