"""What the columns of a table of people, and the words in them, are called in three languages."""

from collections.abc import Mapping


def _by_any_name(table: Mapping[str, str]) -> dict[str, str]:
    return {name.strip(): known for known, names in table.items() for name in names.split(",")}


COLUMNS = _by_any_name(
    {
        "email": "email,e-mail,mail,email address,e-mail address,почта,эл. почта,эл.почта,"
        "электронная почта,адрес электронной почты,электронный адрес,адрес почты,имейл,емейл,"
        "邮箱,电子邮箱,电子邮件,邮件,邮箱地址,电子邮箱地址,电子邮件地址,邮件地址,电邮",
        "name": "name,full name,имя,фио,ф.и.о.,полное имя,фамилия и имя,фамилия имя,имя и фамилия,"
        "фамилия имя отчество,姓名,名字,学生姓名,真实姓名",
        "language": "language,lang,язык,语言,语种",
        "role": "role,роль,角色,身份",
        "level": "level,уровень,级别,层级",
        "group": "group,class,form,grade,группа,класс,班级,组,分组",
        "guardian of": "guardian of,parent of,child,children,родитель (чей),ребёнок,ребенок,дети,"
        "监护对象,孩子,子女",
        "phone": "phone,telephone,mobile,phone number,телефон,мобильный,номер телефона,"
        "电话,手机,手机号",
        "born": "born,birth date,date of birth,birthday,birthdate,дата рождения,день рождения,"
        "родился,出生日期,生日",
        "minor": "minor,under age,underage,несовершеннолетний,未成年,未成年人",
        "ways": "ways,channels,order of ways,способы связи,каналы,связь,联系方式,联系渠道",
    }
)
ROLES = _by_any_name(
    {
        "student": "student,pupil,learner,ученик,ученица,учащийся,студент,слушатель,学生,学员",
        "teacher": "teacher,tutor,учитель,преподаватель,педагог,教师,老师",
        "guardian": "guardian,parent,родитель,опекун,家长,监护人",
        "staff": "staff,employee,сотрудник,персонал,职工,教务,员工",
    }
)
LANGUAGES = _by_any_name(
    {
        "en": "en,english,английский,英语,英文",
        "ru": "ru,russian,русский,俄语,俄文",
        "zh_Hans": "zh_hans,zh,zh-hans,zh-cn,zh_cn,chinese,китайский,中文,汉语,简体中文",
    }
)
LEVELS = _by_any_name(
    {
        "city": "city,город,городской,市,市级",
        "district": "district,район,районный,区,区级",
        "school": "school,школа,школьный,校,校级",
    }
)
