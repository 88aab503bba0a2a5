"""Short everyday words: a line may end with one of them and the next begin with another."""

_ENGLISH = """
a i am an as at be by do go he hi if in is it me my no of oh ok on or so to up us we act add age
ago air all and any are arm art ask bad bag bed big bit box boy bus but buy can car cat cut dad day
did die dog due end eye far few fit for fun get girl god got had has hat head her hey him his hit
hot how ice its job kid kill law let lie lot low man map may mom mum new nor not now off old one
our out own pay pea pen per pet put ran red run sad sat saw say sea see set she shit sit six son
sun tea ten than that the them then they this tie top toy try two use was way wet who why win with
wit yes yet you back ball bear best block book both brain call come dark door down dumb each even
ever face fact fall feel find fire five food foot four free from full game give gold gone good half
hand hard have hear help here high hill hold home hope hour house idea into just keep kind king
know land last late leave left less life like line list live long look lose love made make many
mean more most move much must name near need next nine none nose once only open over page part past
pick plan play read real rest right road room same seen self send ship shop show shut side sing
skin song soon stay step stop such sure take talk tall tell thing think time took town tree turn
very wait walk wall want warm week well went were what when will wind wing wish word work year your
"""
_RUSSIAN = """
а в и к о с у я бы во вы да до ее её ей же за из им их ко ли мы на не ни но ну об он от по со та те
то ту ты бал без бег бей бес бил был быт вам вас век вес вид вон вот все всё где год дай дал дам
два две день для дно дом дуб еда еле ем ест еще ещё жар жди жил зал зло знал зуб иди иду или имя
итак как кит кот кто куда лад лев лег лед лес лет лечь лицо лоб лук мал май мак мать мало меч мир
мне мной мог мои мой море моя муж над нам нас нет нива ним них нож нос ночь оба ода один окно она
они оно опыт ого пар пел пес пил пир пиши плод под пой пол пора пост пот при про пути путь пять раб
рад раз рай рак ров род рос рот ряд сад сам сама сами себе себя сел село сила сил сын сок сон сор
стал стань стой стол суд суп суть сыр так там твой тебе тебя тем тех тихо ток том тот три тут тьма
уж уже ума ушел ход хор час чай чем что чья шаг шел шум шут эта эти это этот юг яд бери беги вали
верь веди гляди гони держи дыши живи зови кати кинь клади лежи лети лови люби неси пади плыви пусти
руби сиди скажи смотри спи стучи тащи теки терпи учи ходи храни
"""
_WORDS = frozenset(_ENGLISH.split()) | frozenset(_RUSSIAN.replace("ё", "е").split())


def are_words(before: str, after: str) -> bool:
    """Whether both are words by themselves, and so no halves of one."""
    return before in _WORDS and after in _WORDS
