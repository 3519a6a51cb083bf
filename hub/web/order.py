"""The order of titles, as a dictionary in the language of the page has it; numbers in titles by their value.

Letters of the page's own script come first. A letter that its alphabet does not have stands where the one
without the mark stands, as á in Hungarian; apostrophes and other signs do not count.
"""

import re
import unicodedata
from functools import cache

_LATIN = "a b c d e f g h i j k l m n o p q r s t u v w x y z"
_UKRAINIAN = "а б в г ґ д е є ж з и і ї й к л м н о п р с т у ф х ц ч ш щ ь ю я"
_ALPHABETS = {
    "uk": _UKRAINIAN,
    "en": _LATIN,
    "ro": "a ă â b c d e f g h i î j k l m n o p q r s ș t ț u v w x y z",
    "hu": "a b c cs d dz dzs e f g gy h i j k l ly m n ny o ö p q r s sz t ty u ü v w x y z zs",
    "pl": "a ą b c ć d e ę f g h i j k l ł m n ń o ó p q r s ś t u v w x y z ź ż",
}
# ş and ţ with a cedilla are how Romanian was typed for long; Unicode takes no stroke off, nor ő to be an ö.
_SAME = str.maketrans({"ş": "ș", "ţ": "ț", "ő": "ö", "ű": "ü"})
_NO_MARK = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ß": "s", "ґ": "г"})
_LETTER_APOSTROPHE = "\u02bc"  # a letter for Unicode, but not for a dictionary
_NUMBER = re.compile(r"\d{1,18}")

Place = tuple[int, int]
OrderKey = tuple[bool, tuple[Place, ...], str]


def title_key(title: str, language: str) -> OrderKey:
    """Return a sort key: "Урок 2" before "Урок 10", "Ґава" before "Дім", "Łódka" after "lody"."""
    text = unicodedata.normalize("NFC", title).casefold()
    pieces, places = _pieces(language), _places(language)
    found = [_place(piece, places) for piece in pieces.findall(text.translate(_SAME)) if _counts(piece)]
    first = next((place for place in found if place[0] not in (_SPACE, _DIGITS)), (_OWN, 0))
    return first[0] != _OWN, tuple(found), text


_SPACE, _DIGITS, _OWN, _FOREIGN, _UNKNOWN = range(5)


def _counts(piece: str) -> bool:
    return piece.isspace() or (piece.isalnum() and piece != _LETTER_APOSTROPHE)


def _place(piece: str, places: dict[str, Place]) -> Place:
    if piece.isspace():
        return _SPACE, 0
    if _NUMBER.fullmatch(piece):
        return _DIGITS, int(piece)
    return places.get(piece) or places.get(_without_mark(piece)) or (_UNKNOWN, ord(piece[0]))


def _without_mark(letter: str) -> str:
    return unicodedata.normalize("NFD", letter.translate(_NO_MARK))[0]


@cache
def _places(language: str) -> dict[str, Place]:
    """Return the place of each letter: of the page's language, then of the other script."""
    own = _ALPHABETS.get(language, _LATIN)
    other = _LATIN if own == _UKRAINIAN else _UKRAINIAN
    foreign = {letter: (_FOREIGN, place) for place, letter in enumerate(other.split())}
    return foreign | {letter: (_OWN, place) for place, letter in enumerate(own.split())}


@cache
def _pieces(language: str) -> re.Pattern[str]:
    """Return what a title falls into: numbers, letters written with several signs, single characters."""
    letters = (letter for letter in _ALPHABETS.get(language, _LATIN).split() if len(letter) > 1)
    longest_first = sorted(letters, key=len, reverse=True)
    return re.compile("|".join((_NUMBER.pattern, *longest_first, r"\s+", ".")))
