"""Texts to begin with, for what a school writes most, in its three languages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from store.words import N_


@dataclass(frozen=True)
class Starter:
    """`name` is what a person picks; what stands in [square brackets] is hers to fill."""

    name: str
    subject: Mapping[str, str]
    body: Mapping[str, str]


STARTERS: dict[str, Starter] = {
    "announcement": Starter(
        N_("Announcement"),
        {
            "en": "[What changes, in a few words]",
            "ru": "[Что меняется, в нескольких словах]",
            "zh_Hans": "[一句话说明变化]",
        },
        {
            "en": "Hello {{ name }},\n\n[What changes, from when, and for whom.]\n\n"
            "**What to do:** [one step, or “nothing”].\n\n"
            "If something is unclear, answer this mail.",
            "ru": "Здравствуйте, {{ name }}!\n\n[Что меняется, с какого дня и для кого.]\n\n"
            "**Что сделать:** [один шаг или «ничего»].\n\n"
            "Если что-то неясно, ответьте на это письмо.",
            "zh_Hans": "{{ name }}，您好！\n\n[说明变化内容、开始时间和适用对象。]\n\n"
            "**需要您做的：**[一个步骤，或“无需操作”]。\n\n如有疑问，请直接回复此邮件。",
        },
    ),
    "urgent": Starter(
        N_("Urgent"),
        {
            "en": "[Lesson]: [what happened], [what to do]",
            "ru": "[Занятие]: [что случилось], [что делать]",
            "zh_Hans": "[课程]：[发生了什么]，[如何处理]",
        },
        {
            "en": "**[What happened, in one sentence.]**\n\n[Come in here](https://…)\n\n"
            "The lesson goes on as planned. We write again as soon as anything changes.",
            "ru": "**[Что случилось, одним предложением.]**\n\n[Войти здесь](https://…)\n\n"
            "Занятие идёт по плану. Как только что-то изменится, мы напишем ещё раз.",
            "zh_Hans": "**[用一句话说明情况。]**\n\n[从这里进入](https://…)\n\n"
            "课程照常进行。如有变化，我们会再次通知。",
        },
    ),
    "invitation": Starter(
        N_("Invitation to a lesson"),
        {
            "en": "[Lesson], [day] at [time]",
            "ru": "[Занятие], [день] в [время]",
            "zh_Hans": "[课程]，[日期] [时间]",
        },
        {
            "en": "Hello {{ name }},\n\nyou are invited to **[lesson]**.\n\n"
            "- When: [day, time, time zone]\n- How long: [minutes]\n- With: [teacher]\n\n"
            "[Come in](https://…)\n\nThe room opens ten minutes before.",
            "ru": "Здравствуйте, {{ name }}!\n\nПриглашаем вас на занятие **[тема]**.\n\n"
            "- Когда: [день, время, часовой пояс]\n- Длительность: [минут]\n"
            "- Ведёт: [преподаватель]\n\n"
            "[Войти](https://…)\n\nКласс откроется за десять минут до начала.",
            "zh_Hans": "{{ name }}，您好！\n\n诚邀您参加 **[课程]**。\n\n"
            "- 时间：[日期、时间、时区]\n- 时长：[分钟]\n- 授课：[老师]\n\n"
            "[进入教室](https://…)\n\n教室提前十分钟开放。",
        },
    ),
    "newsletter": Starter(
        N_("Newsletter"),
        {
            "en": "[School]: the week of [date]",
            "ru": "[Школа]: неделя с [дата]",
            "zh_Hans": "[学校]：[日期] 这一周",
        },
        {
            "en": "Hello {{ name }},\n\n## This week\n\n- [day]: [lesson]\n\n## New materials\n\n"
            "- [title](https://…)\n\n## What changed\n\n- [change]",
            "ru": "Здравствуйте, {{ name }}!\n\n## На этой неделе\n\n- [день]: [занятие]\n\n"
            "## Новые материалы\n\n- [название](https://…)\n\n## Что изменилось\n\n- [изменение]",
            "zh_Hans": "{{ name }}，您好！\n\n## 本周课程\n\n- [日期]：[课程]\n\n## 新资料\n\n"
            "- [标题](https://…)\n\n## 变动\n\n- [内容]",
        },
    ),
    "survey": Starter(
        N_("Survey"),
        {
            "en": "[Two] minutes: how was [lesson]?",
            "ru": "[Две] минуты: как прошло занятие [тема]?",
            "zh_Hans": "只需[两]分钟：您觉得[课程]怎么样？",
        },
        {
            "en": "Hello {{ name }},\n\nwe would like to know how [lesson] was for you: "
            "[number] questions, [two] minutes.\n\n[Answer](https://…)\n\n"
            "The answers are read by [who] until [day].",
            "ru": "Здравствуйте, {{ name }}!\n\n"
            "Нам важно знать, как для вас прошло занятие [тема]: "
            "[число] вопросов, [две] минуты.\n\n[Ответить](https://…)\n\n"
            "Ответы читает [кто], до [день].",
            "zh_Hans": "{{ name }}，您好！\n\n我们想了解您对[课程]的感受："
            "共[数量]个问题，只需[两]分钟。\n\n[填写问卷](https://…)\n\n"
            "问卷由[谁]查看，截止[日期]。",
        },
    ),
}

BLANK = re.compile(r"\[[^\]]+\](?!\()|https://…")
BLANKS = frozenset(
    blank
    for starter in STARTERS.values()
    for text in (*starter.subject.values(), *starter.body.values())
    for blank in BLANK.findall(text)
)


def blanks(text: str) -> Iterator[str]:
    """What is still to be filled in of a text that was begun with one of these."""
    return (blank for blank in dict.fromkeys(BLANK.findall(text)) if blank in BLANKS)
