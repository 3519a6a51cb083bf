"""What stays of a Ukrainian noun or adjective when its ending is taken off. Pure: grammar, no dictionary.

simplemma lacks many school words (`чисельниками`) and gives some forms of one word different lemmas (`дроби`:
дробити, `дробами`: дріб), so the search looks for this stem too. A stem is no word and need not be right: it
stands beside the word and its lemma, so one that meets nothing does no harm. What it must not do is bring
other words along. Verbs are left to simplemma: their endings are those of nouns too (`читати`, `квадрати`).
Decisions and figures: docs/adr/0004-ukrainian-forms.md.
"""

MIN_STEM_CHARS = 3  # `мов-а`, `кут-ом`; with two letters left, every other word would be found

# One letter: most cases; `й` and `ь` close forms that have no ending. Then the cases with longer ones.
_OF_NOUNS = "а я у ю о е є і ї и й ь ою ею єю ом ем єм ові еві ів їв ей ам ям ами ями ьми ах ях"
_OF_ADJECTIVES = "ий ій ого ього ому ьому им ім ої ьої ьою их іх ими іми"
_ENDINGS = f"{_OF_NOUNS} {_OF_ADJECTIVES}".split()
# By their last letter, the longest first: 1 µs a word instead of 3.
_BY_LAST = {
    last: tuple(sorted((e for e in _ENDINGS if e[-1] == last), key=len, reverse=True))
    for last in {ending[-1] for ending in _ENDINGS}
}
# These are endings only after some letters: `стат-ей` but `музе-й`; `числов-ій` and `дан-ій` but `функці-й`
# and `ліні-й`; `знаменник-ові` but `числов-і`; `вчител-еві` but `кварцев-і`; `кра-й` has no `и`.
_ONLY_AFTER = {
    "и": tuple("бвгґджзклмнпрстфхцчшщ"),
    "ей": tuple("джтчшщ"),
    "ій": (*"вжкчшщ", *(f"{letter}н" for letter in "абвгдеєжзийкмнпрстчшья")),
    "ові": ("ник",),
    "еві": ("тел",),
}
_DOUBLED = ("анн", "янн", "енн")  # `значенн-я`, `значень`

# Little words look as if they had an ending, but `його` is no form of `йога`; and a text is full of them.
_NO_ENDING_WORDS = (
    "адже більше буде буду було були бути весь вона воно вони його йому дуже лише може можна навіть немає"
    " отже після поза проте свого своє своєї свої своїх собі тільки того тобто тоді тому треба туди усіх хоча"
    " цього цьому через чому щодо якщо якої який яких якій якого"
)
_NO_ENDING = frozenset(_NO_ENDING_WORDS.split())
# Only verbs end so, and those simplemma knows better.
_OF_VERBS = ("ся", "увати", "ювати", "ить", "ють")

_VOWELS = "аеєиіїоуюя"
_FLEETING = ("ок", "ік", "ец")  # `відріз-ок` and `відріз-к-а`, `стовп-ец-ь` and `стовп-ц-я`
_FLEETING_SOFT = ("вень", "тень")  # `рів-ень`, `квіт-ень`; not `значень`, which is of `значення`
_MIN_CLOSED_CHARS = 4  # else `від` would be found by `вода`; simplemma knows `рік` and `ніч`
_MIN_FLEETING_CHARS = 5  # `урок` keeps its vowel in all cases
# `і` of a closed syllable is `о` or `е` in an open one, but not in these roots: `ліс`, `всесвіт`, `розділ`.
_STEADY = ("віт", "гріх", "дід", "діл", "звір", "ліс", "мір", "слід", "сніг", "спів", "тіл", "хліб")


def is_little(word: str) -> bool:
    """Whether a word says nothing by itself: `вони`, `може`."""
    return word in _NO_ENDING


def stem(word: str) -> str:
    """Return the word without its ending, with one spelling of the vowels and consonants that alternate.

    `word` is folded (`words.fold`). It comes back whole where too little would be left of it, and where it is
    a verb or a little word.
    """
    if word in _NO_ENDING or word.endswith(_OF_VERBS):
        return word
    ending = _find_ending(word)
    bare = word[: len(word) - len(ending)]
    if ending in ("", "ь"):
        bare = _open_syllable(word, bare)
    elif bare.endswith(_DOUBLED) or (ending[0] in "яю" and bare[-1] == bare[-2]):  # `сілл-ю`
        bare = bare[:-1]
    if bare.endswith("іст"):  # `швидк-іст-ь`, `швидк-ост-і`
        bare = f"{bare[:-3]}ост"
    elif bare.endswith("чц"):  # `точц-і`, `точк-а`
        bare = f"{bare[:-1]}к"
    elif bare.endswith(_FLEETING) and len(bare) >= _MIN_FLEETING_CHARS:
        bare = bare[:-2] + bare[-1]
    return bare.replace("ь", "")


def _find_ending(word: str) -> str:
    most = len(word) - MIN_STEM_CHARS
    for ending in _BY_LAST.get(word[-1:], ()):
        if word.endswith(ending) and len(ending) <= most:
            before = _ONLY_AFTER.get(ending)
            if before is None or word[: -len(ending)].endswith(before):
                return ending
    return ""


def _open_syllable(word: str, bare: str) -> str:
    """Give a form without an ending the vowel that the other forms have: `дріб`, `дроб-ами`."""
    if word.endswith(_FLEETING_SOFT):
        return f"{bare[:-2]}н"
    at = bare.rfind("і") if len(bare) >= _MIN_CLOSED_CHARS else -1
    if at < 1 or at == len(bare) - 1 or bare.endswith(_STEADY) or any(v in bare[at + 1 :] for v in _VOWELS):
        return bare
    return f"{bare[:at]}{'е' if word.endswith('інь') else 'о'}{bare[at + 1 :]}"
