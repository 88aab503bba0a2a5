"""What people write in the forums, in three languages; and what rude people write.

The insults are mild or invented, some of them disguised the way rude people disguise them.
"""

from random import Random

TOPICS = {
    "ru": (
        "домашнее задание",
        "контрольная в пятницу",
        "задача 7",
        "лабораторная работа",
        "проект к концу четверти",
        "видео с прошлого занятия",
        "экскурсия",
        "таблица формул",
    ),
    "en": (
        "the homework",
        "Friday's test",
        "exercise 7",
        "the lab report",
        "the term project",
        "last lesson's recording",
        "the field trip",
        "the reading list",
    ),
    "zh": (
        "家庭作业",
        "周五的测验",
        "第七题",
        "实验报告",
        "期末项目",
        "上节课的录像",
        "参观活动",
        "阅读书单",
    ),
}
QUESTIONS = {
    "ru": (
        "Подскажите, пожалуйста, до какого числа {topic}?",
        "Кто понял, с чего начинать, если {topic}? У меня не сходится ответ.",
        "Можно ли сдать позже? Я болел, и {topic} ещё не готово.",
        "Где посмотреть, как оценивается {topic}?",
    ),
    "en": (
        "When exactly is {topic} due? I could not find the date.",
        "Has anybody started {topic} yet? I am stuck on the second part.",
        "Could we go over {topic} again next time, please?",
        "Where can I see how {topic} is graded?",
    ),
    "zh": (
        "请问{topic}什么时候交？",
        "有人做完{topic}了吗？我第二部分不太懂。",
        "老师，下次课能再讲一下{topic}吗？",
        "{topic}的评分标准在哪里可以看到？",
    ),
}
ANSWERS = {
    "ru": (
        "Спасибо, теперь понятно!",
        "Попробуй сначала нарисовать схему, мне помогло.",
        "Я выложу свой черновик вечером, сравним.",
        "У меня получилось 42, а у вас?",
        "Смотри запись с десятой минуты, там как раз об этом.",
        "Тоже не понимаю, давайте спросим на занятии.",
        "Мы с ребятами собираемся в шесть, присоединяйся.",
        "Кажется, в условии опечатка.",
    ),
    "en": (
        "Thanks, that makes sense now!",
        "Draw a diagram first, that helped me.",
        "I will post my draft tonight so that we can compare.",
        "I got 42. What about you?",
        "Watch the recording from minute ten, it is all there.",
        "Same here, let's ask in class.",
        "Some of us meet at six, come along.",
        "I think there is a typo in the question.",
    ),
    "zh": (
        "谢谢，现在明白了！",
        "先画个图试试，对我很有帮助。",
        "我今晚把草稿发上来，大家对一下。",
        "我算出来是42，你们呢？",
        "看录像第十分钟开始的部分。",
        "我也不懂，上课一起问老师吧。",
        "我们六点一起讨论，欢迎加入。",
        "题目里好像有个错别字。",
    ),
}
TEACHERS = {
    "ru": (
        "Срок прежний: воскресенье, 20:00.",
        "Хороший вопрос, разберём на следующем занятии.",
        "Критерии лежат в разделе «Материалы».",
        "Молодцы, вы на верном пути.",
    ),
    "en": (
        "The deadline stays: Sunday, 8 pm.",
        "Good question. We will take it up next lesson.",
        "The criteria are under Materials.",
        "Well done, you are on the right track.",
    ),
    "zh": (
        "截止时间不变：周日晚上八点。",
        "问得好，下次课我们一起讨论。",
        "评分标准在“资料”里。",
        "做得不错，思路是对的。",
    ),
}
INSULTS = {
    "ru": (
        "Ну ты и балбес, это же проще простого.",
        "Только полный тупица такое спрашивает.",
        "Замолчи, бестолочь.",
        "б а л б е с ты, а не отличник",
        "Какой же ты т.у.п.и.ц.а!",
        "6ecтoлочь, иди учи уроки",
        "Опять этот баааалбес пишет.",
    ),
    "en": (
        "Only a blockhead would ask that.",
        "Shut up, you pea-brain.",
        "What a dumbhead you are.",
        "b l o c k h e a d, go home",
        "You are such a bl0ckhe4d.",
        "dumbheeeead strikes again",
        "nobody likes you, p.e.a.b.r.a.i.n",
    ),
    "zh": (
        "你真是个大笨蛋，这么简单都不会。",
        "只有蠢货才问这种问题。",
        "闭嘴吧，傻瓜。",
        "笨 蛋，回家去吧",
        "你这个蠢-货！",
        "傻*瓜又来了",
    ),
}
LISTS = {"ru": "Оскорбления", "en": "Insults", "zh": "辱骂"}  # names of the lists below
WATCHED = {
    "ru": ("балбес", "тупица", "бестолочь"),
    "en": ("blockhead", "pea-brain", "peabrain", "dumbhead"),
    "zh": ("笨蛋", "蠢货", "傻瓜"),
}


def topic(random: Random, language: str) -> str:
    return random.choice(TOPICS[language])


def title(subject: str) -> str:
    return subject[0].upper() + subject[1:]


def question(random: Random, language: str, subject: str) -> str:
    return random.choice(QUESTIONS[language]).format(topic=subject)


def answer(random: Random, language: str, *, teacher: bool) -> str:
    return random.choice((TEACHERS if teacher else ANSWERS)[language])


def insult(random: Random, language: str) -> str:
    return random.choice(INSULTS[language])


def rules() -> str:
    """Watched words for these insults, as `screen --rules` takes them (TOML)."""
    lists = []
    for language, terms in WATCHED.items():
        quoted = ", ".join(f'"{term}"' for term in terms)
        lists.append(
            f'[[list]]\nname = "{LISTS[language]}"\nlanguage = "{language}"\nterms = [{quoted}]\n'
        )
    return "\n".join(lists)
