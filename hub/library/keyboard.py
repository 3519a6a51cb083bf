"""What was meant by somebody whose keyboard was left in the other layout: `gtynfujy`, `пщщв ьщктштп`. Pure.

The layouts are those of PCs and phones in Ukraine: ЙЦУКЕН with і, ї, є, ґ over QWERTY of the United States.
"""

import re

# The same keys in both: of the letters, and of the signs that are letters on the Ukrainian side.
_LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.\\"
_CYRILLIC = "'йцукенгшщзхїфівапролджєячсмитьбюґ"
_LATIN_SHIFTED = '~QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>|'
_CYRILLIC_SHIFTED = "ʼЙЦУКЕНГШЩЗХЇФІВАПРОЛДЖЄЯЧСМИТЬБЮҐ"
_TO_CYRILLIC = str.maketrans(_LATIN + _LATIN_SHIFTED, _CYRILLIC + _CYRILLIC_SHIFTED)
_TO_LATIN = str.maketrans(_CYRILLIC + _CYRILLIC_SHIFTED, _LATIN + _LATIN_SHIFTED) | str.maketrans(
    "ъыэёЪЫЭЁ",
    "]s'`}S\"~",  # where a Russian layout has other letters
)
_CYRILLIC_LETTER = re.compile(r"[\u0400-\u052f]")
_LATIN_LETTER = re.compile("[A-Za-z]")
_VOWEL = re.compile("[аеєиіїоуюя]", re.IGNORECASE)
_LATIN_VOWEL = re.compile("[aeiouy]", re.IGNORECASE)
_MIN_LETTERS = 3


def switch(query: str) -> str | None:
    """Return the query as the other layout would have written it; None where that makes no words.

    Only a query in one alphabet can be meant so; that what comes out is a word is for the library to say.
    """
    cyrillic, latin = _CYRILLIC_LETTER.search(query), _LATIN_LETTER.search(query)
    if bool(cyrillic) == bool(latin):
        return None
    table, vowel = (_TO_CYRILLIC, _VOWEL) if latin else (_TO_LATIN, _LATIN_VOWEL)
    switched = query.translate(table)
    letters = max(sum(map(str.isalpha, text)) for text in (query, switched))
    return switched if letters >= _MIN_LETTERS and vowel.search(switched) else None
