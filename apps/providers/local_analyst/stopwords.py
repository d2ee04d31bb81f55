"""Words that carry no topic: function words, and the fillers of speech."""

# ruff: noqa: RUF001, SIM905 - Russian letters are meant; a list of words reads best as text

ENGLISH = frozenset(
    """
    a about above actually after again against all almost already also although always am an and another any
    anybody anyone anything are aren't around as at away back be became because become been before being
    below between both but by came can can't cannot come could couldn't did didn't do does doesn't doing
    don't done down during each either else enough er erm etc even ever every everybody everyone everything
    far few first for from further get gets getting give given go goes going gone gonna good got gotta had
    hadn't has hasn't have haven't having he he'd he'll he's hello her here here's hers herself hey hi him
    himself his how however hmm i i'd i'll i'm i've if in indeed into is isn't it it'd it'll it's its itself
    just keep kind know last least let let's like little ll look lot lots made make many may maybe me mean
    might mine more most much must my myself near need never no nobody none nor not nothing now of off often
    oh ok okay on once one only onto or other others ought our ours ourselves out over own per perhaps
    please put quite rather re really right said same saw say says see seem seems seen shall shan't she
    she'd she'll she's should shouldn't since so some somebody someone something sometimes somewhere soon
    still such sure take tell than thank thanks that that'll that's the thee their theirs them themselves
    then there there's these they they'd they'll they're they've thing things think this those thou though
    through thus thy till to together too took toward towards two uh um under until up upon us use used very
    wanna want wants was wasn't way we we'd we'll we're we've well went were weren't what what's whatever
    when when's where where's whether which while who who's whole whom whose why will with within without
    won't would wouldn't yeah yep yes yet you you'd you'll you're you've your yours yourself yourselves
    """.split()
)

RUSSIAN = frozenset(
    """
    а ага алло без более больше будем будет будете будешь буду будут будто бы был была были было быть в вам
    вами вас ваш ваша ваше вашего вашей вашем вашему вашим ваших ваши вверх вдруг ведь весь вместо во вообще
    вон вот впрочем все всегда всего всей всем всеми всему всех всю вся вы где да даже два для до должен
    должна должно должны другая другие других другого другой другое его едва ее ей ему если есть еще ею ж же
    за зачем здесь значит и из или им именно ими иногда их итак к каждый как какая какие каким каких какого
    какое какой каком какую когда кого кое кому конечно короче которая которого которое которой котором
    которому которую которые который которым которыми которых кроме кстати кто куда ладно ли либо лишь лучше
    м между меня мм мне много могли могу могут мое моего моей моем моему может можно мои моим моих мой мол
    моя мою мы на над надо наверное нам нами нас наш наша наше нашего нашей нашем нашему нашим наших наши не
    него нее ней нельзя нем нему нет нею ни нибудь никак никогда никого ним ними них ничего но ну нужно о об
    обычно один однако одна одни одно одного одной оно она они он опять от очень перед по под пожалуйста
    пока после потом потому почему почти при про просто прям прямо пусть раз разве с сам сама сами само
    самого самой самом самому самый свое своего своей своем своему свои своим своих свой свою своя сделать
    себе себя сегодня сейчас сказал сказала сказать слушайте смотри смотрите снова со собой совсем спасибо
    сразу та так такая также такие таким таких такого такое такой таком такому такую там твое твоего твоей
    твои твоих твой твоя те тебе тебя тем теми теперь тех типа то тобой тогда того тоже той только том тому
    тот точно три ту тут ты у уж уже угу хорошо хоть хотя чего чей чем через что чтоб чтобы чуть чьё чья эта
    эти этим этими этих это этого этой этом этому этот эту эх я является
    """.split()
)


def word_key(word: str) -> str:
    """Lower case, straight apostrophes, and Russian without its optional letter."""
    return word.lower().replace("\u2019", "'").replace("ё", "е")


STOPWORDS = {
    "en": ENGLISH,
    "ru": frozenset(word_key(word) for word in RUSSIAN),
}
