"""The piece of a text that shows why it was found. Pure."""

import html
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from hub.library.lemmas import analyse
from hub.library.query import AskedWord
from hub.library.words import REST_OF_TOKEN, first_letters

SNIPPET_CHARS = 220

_BEFORE_CHARS = 60  # context in front of the first match
_MAX_MATCHES = 60  # looked at in one text: enough to find a good place, and bounds the time
_MAX_CUT_CHARS = 30  # a cut moves at most so far to fall between words
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of text in parts, each marked or not; the text is the document's, not yet safe for HTML."""

    parts: tuple[tuple[str, bool], ...]

    @property
    def text(self) -> str:
        """The piece as plain text."""
        return "".join(text for text, _ in self.parts)

    @property
    def html(self) -> str:
        """The piece as safe HTML: everything escaped, then the matches put into <mark>."""
        return "".join(
            f"<mark>{html.escape(text)}</mark>" if marked else html.escape(text)
            for text, marked in self.parts
        )


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    end: int
    word: int  # which of the words that were asked for


class Highlighter:
    """Finds one query's words in texts; made once for all hits of a search."""

    def __init__(self, words: tuple[AskedWord, ...]) -> None:
        letters = {letter for word in words for form in word.forms for letter in first_letters(form)}
        # Only tokens that begin with a letter that is asked for are looked up: 20 times fewer than all.
        beginning = re.escape("".join(sorted(letters)))
        # The letter stands first, as `re` then looks for it alone: twice as fast.
        self._candidates = re.compile(rf"[{beginning}](?<![^\W_].){REST_OF_TOKEN}")
        self._words = words
        self._known: dict[tuple[str, str], int | None] = {}

    def cut(self, text: str, language: str) -> Snippet:
        """Return about SNIPPET_CHARS of the text where most of the words stand together.

        The beginning of the text where none of them is found.
        """
        start = _cut_left(text, self._best_start(text, language))
        end = _cut_right(text, min(len(text), start + SNIPPET_CHARS))
        parts = list(self._parts(text, start, end, language))
        if start > 0:
            parts.insert(0, ("… ", False))
        if end < len(text):
            parts.append((" …", False))
        return Snippet(tuple(parts))

    def _best_start(self, text: str, language: str) -> int:
        best, most = 0, 0
        near: deque[_Match] = deque()
        for number, match in enumerate(self._matches(text, 0, len(text), language), start=1):
            near.append(match)
            while match.end - near[0].start > SNIPPET_CHARS - _BEFORE_CHARS and len(near) > 1:
                near.popleft()
            count = len({other.word for other in near})
            if count > most:
                best, most = max(0, near[0].start - _BEFORE_CHARS), count
            if most == len(self._words) or number == _MAX_MATCHES:
                break
        return best

    def _parts(self, text: str, start: int, end: int, language: str) -> Iterator[tuple[str, bool]]:
        at = start
        for match in self._matches(text, start, end, language):
            if at < match.start:
                yield _SPACES.sub(" ", text[at : match.start]), False
            yield text[match.start : match.end], True
            at = match.end
        if at < end:
            yield _SPACES.sub(" ", text[at:end]), False

    def _matches(self, text: str, start: int, end: int, language: str) -> Iterator[_Match]:
        known = self._known
        for token in self._candidates.finditer(text, start, end):
            key = token[0], language
            if key not in known:
                known[key] = self._asked_for(*key)
            if (word := known[key]) is not None:
                yield _Match(token.start(), token.end(), word)

    def _asked_for(self, token: str, language: str) -> int | None:
        word, others = analyse(token, language)
        for number, asked in enumerate(self._words):
            if word in asked.forms or not asked.forms.isdisjoint(others):
                return number
        last = self._words[-1]
        return len(self._words) - 1 if last.prefix and word.startswith(last.prefix) else None


def _cut_left(text: str, start: int) -> int:
    """Move the start to the right, to the beginning of a word."""
    if start == 0:
        return 0
    space = text.find(" ", start, start + _MAX_CUT_CHARS)
    return start if space < 0 else space + 1


def _cut_right(text: str, end: int) -> int:
    """Move the end to the left, to the end of a word."""
    if end == len(text):
        return end
    space = text.rfind(" ", end - _MAX_CUT_CHARS, end)
    return end if space < 0 else space
