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
        dict.fromkeys(("en", "ru", "zh_Hans"), "{{ lesson }}: {{ lesson_when }}"),
        {
            "en": "Hello {{ name }},\n\nyou are invited to **{{ lesson }}**.\n\n"
            "- When: {{ lesson_when }}\n- How long: {{ lesson_minutes }} minutes\n"
            "{% if lesson_teacher %}\n- With: {{ lesson_teacher }}\n{% end %}\n\n"
            "[Come in]({{ lesson_link }})\n\n[What to prepare.] "
            "The lesson is enclosed for your calendar.",
            "ru": "Здравствуйте, {{ name }}!\n\nПриглашаем вас на занятие **{{ lesson }}**.\n\n"
            "- Когда: {{ lesson_when }}\n- Длительность: {{ lesson_minutes }} мин.\n"
            "{% if lesson_teacher %}\n- Ведёт: {{ lesson_teacher }}\n{% end %}\n\n"
            "[Войти]({{ lesson_link }})\n\n[Что подготовить.] "
            "Занятие приложено для вашего календаря.",
            "zh_Hans": "{{ name }}，您好！\n\n诚邀您参加 **{{ lesson }}**。\n\n"
            "- 时间：{{ lesson_when }}\n- 时长：{{ lesson_minutes }} 分钟\n"
            "{% if lesson_teacher %}\n- 授课：{{ lesson_teacher }}\n{% end %}\n\n"
            "[进入教室]({{ lesson_link }})\n\n[需要准备的内容。]附件可添加到您的日历。",
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
            "[number] questions, [two] minutes.\n\n[Answer](https://…?group={{ group }})\n\n"
            "The answers are read by [who] until [day].",
            "ru": "Здравствуйте, {{ name }}!\n\n"
            "Нам важно знать, как для вас прошло занятие [тема]: "
            "[число] вопросов, [две] минуты.\n\n[Ответить](https://…?group={{ group }})\n\n"
            "Ответы читает [кто], до [день].",
            "zh_Hans": "{{ name }}，您好！\n\n我们想了解您对[课程]的感受："
            "共[数量]个问题，只需[两]分钟。\n\n[填写问卷](https://…?group={{ group }})\n\n"
            "问卷由[谁]查看，截止[日期]。",
        },
    ),
}

# What tells the readers of an invitation that it has changed; nothing is left to fill in.
MOVED = Starter(
    N_("The lesson has moved"),
    {
        "en": "New time: {{ lesson }}, {{ lesson_when }}",
        "ru": "Новое время: {{ lesson }}, {{ lesson_when }}",
        "zh_Hans": "时间调整：{{ lesson }}，{{ lesson_when }}",
    },
    {
        "en": "Hello {{ name }},\n\n**{{ lesson }}** has a new time: {{ lesson_when }}.\n\n"
        "[Come in]({{ lesson_link }})\n\nThe new time is enclosed for your calendar.",
        "ru": "Здравствуйте, {{ name }}!\n\nУ занятия **{{ lesson }}** новое время: "
        "{{ lesson_when }}.\n\n[Войти]({{ lesson_link }})\n\n"
        "Новое время приложено для вашего календаря.",
        "zh_Hans": "{{ name }}，您好！\n\n**{{ lesson }}** 的时间已调整为：{{ lesson_when }}。\n\n"
        "[进入教室]({{ lesson_link }})\n\n附件可更新您的日历。",
    },
)
CALLED_OFF = Starter(
    N_("The lesson does not take place"),
    {
        "en": "Called off: {{ lesson }}, {{ lesson_when }}",
        "ru": "Отменено: {{ lesson }}, {{ lesson_when }}",
        "zh_Hans": "取消：{{ lesson }}，{{ lesson_when }}",
    },
    {
        "en": "Hello {{ name }},\n\n**{{ lesson }}** on {{ lesson_when }} does not take place.\n\n"
        "The enclosed file takes it out of your calendar.",
        "ru": "Здравствуйте, {{ name }}!\n\nЗанятие **{{ lesson }}** не состоится: "
        "{{ lesson_when }}.\n\nПриложенный файл уберёт его из вашего календаря.",
        "zh_Hans": "{{ name }}，您好！\n\n**{{ lesson }}**（{{ lesson_when }}）已取消。\n\n"
        "附件会将其从您的日历中移除。",
    },
)

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
