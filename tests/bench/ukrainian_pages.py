"""A pack of Ukrainian pages of any size, the same at every making: words by Zipf's law, texts of the project.

The words that real texts repeat most come from the project's own Ukrainian guides and samples; behind them
stand the forms of simplemma's dictionary in an order that chance chose. So a large pack has as many different
words as a school's library has, which is what indexing costs.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from simplemma.strategies.dictionaries import StreamDictionaryFactory

DIFFERENT_WORDS = 250_000
PAGE_BYTES = 40_000
_SHIFT = 2.7  # of Zipf and Mandelbrot, as in natural texts
_PROJECT = Path(__file__).parents[2]
_TEXTS = (
    "README.uk.md",
    "docs/howto/*.uk.md",
    "samples/**/*.html",
    "tools/samples/*.md",
    "tools/samples/*.html",
)
_WORD = re.compile(r"[а-яіїєґ]+(?:['’ʼ][а-яіїєґ]+)*", re.IGNORECASE)
_SENTENCE_WORDS = (5, 16)
_PARAGRAPH_SENTENCES = (3, 8)
_PARAGRAPHS_A_HEADING = 6
_PAGE = '<!doctype html><html lang="uk"><meta charset="utf-8"><title>{}</title><body>{}</body></html>'


def write_pages(folder: Path, size_bytes: int, *, seed: int = 4) -> int:
    """Write pages of `size_bytes` together; return how many different words they can have."""
    chance = random.Random(seed)
    words = _ranked_words(chance)
    weights = list(accumulate(1 / (rank + _SHIFT) for rank in range(1, len(words) + 1)))
    written = number = 0
    while written < size_bytes:
        page = _page(chance, words, weights).encode()
        (folder / f"p{number:05}.html").write_bytes(page)
        written, number = written + len(page), number + 1
    return len(words)


def _ranked_words(chance: random.Random) -> list[str]:
    texts = (path.read_text(encoding="utf-8") for name in _TEXTS for path in sorted(_PROJECT.glob(name)))
    counted = Counter(word.lower() for text in texts for word in _WORD.findall(text))
    common = [word for word, _ in counted.most_common()]
    forms = sorted(set(StreamDictionaryFactory(cache_max_size=1).get_dictionary("uk")) - set(common))
    rare = chance.sample(forms, DIFFERENT_WORDS - len(common))
    return [*common, *rare]


def _page(chance: random.Random, words: list[str], weights: list[float]) -> str:
    drawn = iter(_words(chance, words, weights))
    parts: list[str] = []
    size = 0
    while size < PAGE_BYTES:
        if len(parts) % _PARAGRAPHS_A_HEADING == 0:
            parts.append(f"<h2>{_sentence(chance, drawn)}</h2>")
        sentences = chance.randint(*_PARAGRAPH_SENTENCES)
        parts.append("<p>" + " ".join(f"{_sentence(chance, drawn)}." for _ in range(sentences)) + "</p>\n")
        size += len(parts[-1].encode())
    return _PAGE.format(_sentence(chance, drawn), "".join(parts))


def _words(chance: random.Random, words: list[str], weights: list[float]) -> Iterator[str]:
    while True:
        yield from chance.choices(words, cum_weights=weights, k=1000)


def _sentence(chance: random.Random, drawn: Iterator[str]) -> str:
    count = chance.randint(*_SENTENCE_WORDS)
    return " ".join(next(drawn) for _ in range(count)).capitalize()
