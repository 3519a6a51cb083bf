"""Words as the search sees them: one spelling for what people write in several ways. No I/O.

    token   a piece of a text as it was written        П’ЯТЬ   за́мок   Школа   gyerekek
    word    the token folded: what a lemmatiser reads  пʼять   замок   школа   gyerekek
    plain   the word without Latin accents: what is indexed and asked for

Sources: DESIGN §8; field-notes/portal.md §4.2 (the same set of apostrophes as Lucene's Ukrainian analyser).
"""

import re
import unicodedata

APOSTROPHE = "\u02bc"
MAX_WORD_CHARS = 64  # longer ones are hashes and encoded data: cut, so that they do not fill the index

_APOSTROPHES = "'’‘`´′‛＇ʻʽʹˈ"  # typed, typeset, scanned; the last four count as letters elsewhere
_INSIDE = "\u0300-\u036f\u00ad"  # combining marks (stress, decomposed letters) and the soft hyphen
# Runs of letters, not letters: half the time.
REST_OF_TOKEN = rf"[^\W_]*(?:(?:[{_INSIDE}]|[{_APOSTROPHES}](?=[^\W_]))[^\W_]*)*"
_TOKEN = re.compile(rf"[^\W_]{REST_OF_TOKEN}")
_APOSTROPHE = re.compile(f"[{_APOSTROPHES}]")
_MARKS = re.compile(f"[{_INSIDE}]")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_LATIN = re.compile("[A-Za-zÏï]")
_ACCENTED = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")  # Latin letters with something on them
_BETWEEN = rf"(?:[^\W_A-Za-zÏï\u0400-\u052f]|[{_INSIDE}{_APOSTROPHES}])*"
_MIXED = re.compile(rf"[A-Za-zÏï]{_BETWEEN}[\u0400-\u052f]|[\u0400-\u052f]{_BETWEEN}[A-Za-zÏï]")
_SIMPLE = re.compile("[а-яіїєґ]+")  # most words of a Ukrainian text: nothing to fold
_TO_APOSTROPHE = str.maketrans(dict.fromkeys(_APOSTROPHES, APOSTROPHE))
# Latin letters that a keyboard or a scan puts into Cyrillic words; upper case has more look-alikes.
_TO_CYRILLIC = str.maketrans("aceiopxykABCEHIKMOPTXYïÏ", "асеіорхукАВСЕНІКМОРТХУїЇ")


def split_tokens(text: str) -> list[str]:
    """Return the words of a text as they were written, in order."""
    return _TOKEN.findall(text)


def lower(text: str) -> str:
    """Return a text in lower case where that changes no word; as it is where letters of two alphabets meet.

    Capitals have more look-alikes: `is_mixed` tokens have to be folded as they were written.
    """
    has_both = _LATIN.search(text) is not None and has_cyrillic(text)
    return text if has_both and _MIXED.search(text) else text.lower()


def has_cyrillic(word: str) -> bool:
    """Whether any letter is Cyrillic."""
    return _CYRILLIC.search(word) is not None


def is_mixed(token: str) -> bool:
    """Whether Latin letters stand beside Cyrillic ones: one of the alphabets is a mistake."""
    return _LATIN.search(token) is not None and has_cyrillic(token)


def fold(token: str) -> str:
    """Return the token with one apostrophe, no stress or soft hyphens, one alphabet, in lower case, NFC.

    Empty where nothing is left.
    """
    if token.isascii() and token.isalnum():
        return token.lower()[:MAX_WORD_CHARS]
    if _SIMPLE.fullmatch(token):
        return token[:MAX_WORD_CHARS]
    word = unicodedata.normalize("NFC", token.replace("\u00ad", ""))
    if is_mixed(word):
        word = word.translate(_TO_CYRILLIC)
    word = _MARKS.sub("", unicodedata.normalize("NFC", word.lower()))
    if _APOSTROPHE.search(word):
        word = word.translate(_TO_APOSTROPHE)
    return word.strip(APOSTROPHE)[:MAX_WORD_CHARS].rstrip(APOSTROPHE)


def plain(word: str) -> str:
    """Return the word with Latin letters stripped of accents; й, ї and other Cyrillic letters stay."""
    return word.translate(_TO_PLAIN) if _ACCENTED.search(word) else word


def softer(word: str) -> str:
    """Return the spelling of those who write г for ґ and е for ё."""
    return word.replace("ґ", "г").replace("ё", "е") if "ґ" in word or "ё" in word else word


def first_letters(word: str) -> str:
    """Return every letter, in both cases, with which a token can begin that folds to `word`."""
    found = _SAME_LETTER.get(word[:1], "") + word[:1]
    return found + found.upper()


def _base_letter(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() and base.isalpha() else ""


_BASE_LETTERS = {
    letter: base
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
    if (base := _base_letter(letter := chr(code))) and base != letter
}
_BASE_LETTERS["ł"] = "l"  # the one letter of our languages that has no decomposition
_TO_PLAIN = str.maketrans(_BASE_LETTERS)
_SAME_LETTER = {
    base: "".join(letter for letter, found in _BASE_LETTERS.items() if found == base)
    for base in "abcdefghijklmnopqrstuvwxyz"
} | {"г": "ґ", "е": "ё"}
