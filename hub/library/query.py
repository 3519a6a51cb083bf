"""What a person asked for, as FTS5 takes it. Pure; the syntax of FTS5 is never the person's to use."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hub.library.lemmas import variants
from hub.library.words import fold, plain, split_tokens

MAX_QUERY_CHARS = 200
MAX_QUERY_WORDS = 12
# No page is about these: `що таке дріб`, `what is the capital of`. Not `for` or `in`: words of programs.
_QUESTION_WORDS = (
    "а або але без був була були було в від до з за зі і й із на не о об по при про та те ти то той у це"
    " цей ця ці чи що щоб є я як яка яке який які якого якої якому яким яку де коли куди звідки хто кого"
    " кому чим чому чого навіщо скільки таке такий така такі якщо коли називається називають означає"
    " a an the of to what how why who where when does do are was were it this that which"
    " ce cum este sunt și la cine unde az egy hogyan miért mi és co jak jest są kto gdzie dlaczego"
)
_ONLY_ASKING = frozenset(_QUESTION_WORDS.split())
_MIN_ROOT_CHARS = 5  # of a word whose relatives are looked for
_MAX_SUFFIX_CHARS = 4  # `-ічний`, `-овий`
_MIN_PREFIX_CHARS = 2  # one letter would match half of the library


@dataclass(frozen=True, slots=True)
class AskedWord:
    """One word of a query: as it was typed, and every plain form that counts as found."""

    token: str
    forms: frozenset[str]
    prefix: str  # what it may be the beginning of; empty where that would match too much


def parse(query: str, languages: Iterable[str]) -> tuple[AskedWord, ...]:
    """Return the words of a query, cut to what a search may cost; empty where there is none."""
    spoken = tuple(languages)
    tokens = _telling(split_tokens(query[:MAX_QUERY_CHARS])[:MAX_QUERY_WORDS])
    words = ((token, variants(token, ("", *spoken))) for token in tokens)
    return tuple(AskedWord(token, forms, _prefix(token)) for token, forms in words if forms)


def _telling(tokens: list[str]) -> list[str]:
    """Leave out what only makes a question of the other words; all of them stay where there are no others."""
    return [token for token in tokens if fold(token) not in _ONLY_ASKING] or tokens


def match_all(words: tuple[AskedWord, ...]) -> str:
    """Every word, in any of its forms."""
    return " AND ".join(match_forms(word.forms) for word in words)


def match_beginning(words: tuple[AskedWord, ...]) -> str:
    """Every word; the last one may be only begun: people search while they type."""
    *whole, last = words
    begun = match_forms(last.forms)
    if last.prefix:
        begun = f'({begun} OR "{last.prefix}" *)'
    return " AND ".join((*(match_forms(word.forms) for word in whole), begun))


def shorten(words: tuple[AskedWord, ...]) -> tuple[AskedWord, ...]:
    """Return the words with the last one as a beginning: `вулканічний` is in no text, but `вулкан` is."""
    *whole, last = words
    prefix = last.prefix[: max(_MIN_ROOT_CHARS, len(last.prefix) - _MAX_SUFFIX_CHARS)]
    return (*whole, replace(last, prefix=prefix))


def match_any(words: tuple[AskedWord, ...]) -> str:
    """At least one of the words."""
    return " OR ".join(match_forms(word.forms) for word in words)


def match_forms(forms: frozenset[str]) -> str:
    """At least one of these forms."""
    # They are letters and digits only (words.fold), so nothing in them can end the quotes.
    return "(" + " OR ".join(f'"{form}"' for form in sorted(forms)) + ")"


def _prefix(token: str) -> str:
    word = plain(fold(token))
    return word if len(word) >= _MIN_PREFIX_CHARS else ""
